"""Messages about what the base keeps: training information, training status and the completions of Annex 1."""

# code: (title, what is wrong, how to repair it)
ERRORS: dict[str, tuple[str, str, str]] = {}

WARNINGS: dict[str, tuple[str, str, str]] = {}
