"""Command for developers: hundreds of thousands of made-up residents, to measure by."""

from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from bases import staff
from bases.models import TrainingBase
from portal.calendar import cycle_in_view
from portal.models import User
from portal.roles import Role
from review.demo.nation import add_residents
from review.demo.national_bases import BASES, FIRST_NUMBER, add_bases
from review.demo.organisations import PASSWORD


class Command(BaseCommand):
    help = "Add hundreds of thousands of made-up residents to the demo, for measuring. Refused where DEBUG is off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--residents", type=int, default=300_000, help="how many (300,000)")
        parser.add_argument("--bases", type=int, default=BASES, help=f"about how many bases more ({BASES})")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("DEBUG is off: a made-up nation is never loaded into a real database.")
        cycle = cycle_in_view()
        reporter = User.objects.filter(role=Role.BASE).first()
        reviewer = User.objects.filter(role=Role.PROVINCE).first()
        if not (cycle and reporter and reviewer):
            raise CommandError("Load the demo first: manage.py load_demo.")
        if TrainingBase.objects.filter(code__endswith=f"{FIRST_NUMBER}").exists():
            raise CommandError("The nation is loaded already; start with an empty database to have another.")
        password = make_password(PASSWORD)
        with transaction.atomic():
            add_officers(add_bases(options["bases"]), password)
        add_residents(
            options["residents"],
            year=cycle.year,
            bases=list(TrainingBase.objects.order_by("pk").values_list("pk", flat=True)),
            reported_by=reporter,
            decided_by=reviewer,
            password=password,
        )
        self.stdout.write(f"Added {options['residents']:,} residents; the demo's sign-ins see them.")


def add_officers(bases: list[TrainingBase], password: str) -> None:
    """Somebody for each base, named and with the password as at the demo's."""
    national = User.objects.get(username="cmda")
    now = timezone.now()
    for base in bases:
        officer = User.objects.create(
            username=f"jidi{base.code}",
            role=Role.BASE,
            full_name=f"{base.province.short_name}住培办",
            mobile="13900000000",
            password=password,
            activated_at=now,
            password_changed_at=now,
        )
        staff.appoint(officer, base, by=national)
