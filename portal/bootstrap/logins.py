"""Which of the database's two logins a process works with: the owner's for what changes tables, else the runtime's."""

from collections.abc import Sequence
from pathlib import Path

# Beside `migrate`: what fills an empty database, what writes past history for developers, and what takes history away.
OWNERS_COMMANDS = {
    "makemigrations",
    "migrate",
    "restore",
    "load_nation",
    "pgtrigger",
    "flush",
    "move_clock",
    "purge_history",
    "record_recovery",
}


def works_as_owner(arguments: Sequence[str]) -> bool:
    """Whether the command line is one of `manage.py` that only the owner of the tables can carry out."""
    program, command = [*arguments, "", ""][:2]
    return Path(program).name == "manage.py" and command in OWNERS_COMMANDS
