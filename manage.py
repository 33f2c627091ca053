#!/usr/bin/env python
import os
import sys

from portal.bootstrap.failure import Failure

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except Failure as failure:
        sys.exit(f"\n{failure}\n")
