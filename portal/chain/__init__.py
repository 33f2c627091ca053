"""The chain over audit and history: what is written is sealed, what is sealed is known outside the database (GOAL-S8).

The clock has the database seal what was written since (`sealing`), and copies each root into a file, the log and, if
wanted, a mail; `verification` compares rows, seals and copies. Writers never wait: a row knows its transaction, and
sealed is what belongs to transactions that are all over.
"""
