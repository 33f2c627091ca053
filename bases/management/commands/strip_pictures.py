"""Command for operators, once after the upgrade: pictures stored before lose place and camera, and stand upright."""

from typing import Any

from django.core.management.base import BaseCommand

from residents.services.stored_pictures import strip_stored_pictures


class Command(BaseCommand):
    help = "Take place, camera and all other metadata out of stored photos and scans; may be repeated."

    def handle(self, *args: Any, **options: Any) -> None:
        found = strip_stored_pictures()
        self.stdout.write(f"{found.seen} pictures, {found.changed} written anew.")
        for name in found.unreadable or []:
            self.stderr.write(f"Cannot be read, left as it is: {name}")
