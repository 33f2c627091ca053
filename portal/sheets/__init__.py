"""Workbooks as cells and row numbers: reading, template writing, annotated copies, streamed export.

Nothing here knows a word of the domain, and nothing imports Django: the reading child must start at once.
"""
