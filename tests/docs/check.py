"""`make docs`: writes what a machine can write below docs/, and tells what the papers name that is not there."""

import os
import sys

import django

if __name__ == "__main__":
    # The models are read, no database is asked.
    os.environ.update(DEBUG="1", DATABASE_URL="postgresql:///none", DJANGO_SETTINGS_MODULE="portal.settings")
    django.setup()

from tests.docs import citations, places, states

if __name__ == "__main__":
    # The drawings first: the others read them.
    sys.exit(max([each.main() for each in (states, citations, places)]))
