"""What the national record of a resident may contain: pure functions over plain values, no Django.

The web form, the workbook and the interface call the same functions, so one record gets one verdict in the same
words (docs/architecture.md#three-doors).
"""
