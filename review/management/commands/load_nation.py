"""Command for developers: hundreds of thousands of made-up residents, to measure by."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from bases.models import Province, Specialty, SpecialtyBase, Submission, TrainingBase
from portal.calendar import cycle_in_view
from portal.models import User
from residents.models.enrollment import Module
from review.demo.nation import PREFIX, add_residents

BASES_A_PROVINCE = 20


class Command(BaseCommand):
    help = "Add hundreds of thousands of made-up residents to the demo, for measuring. Refused where DEBUG is off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--residents", type=int, default=300_000, help="how many (300,000)")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("DEBUG is off: a made-up nation is never loaded into a real database.")
        cycle = cycle_in_view()
        reporter = User.objects.filter(role="base").first()
        reviewer = User.objects.filter(role="province").first()
        pattern = Submission.objects.filter(outcome=Submission.Outcome.APPROVED, module=Module.INTAKE).first()
        if not (cycle and reporter and reviewer and pattern):
            raise CommandError("Load the demo first: manage.py load_demo.")
        if User.objects.filter(username=f"{PREFIX}1").exists():
            raise CommandError("The nation is loaded already; start with an empty database to have another.")
        add_residents(
            options["residents"],
            year=cycle.year,
            snapshot=pattern.snapshot,
            bases=self.bases(),
            reported_by=reporter,
            decided_by=reviewer,
        )
        self.stdout.write(f"Added {options['residents']:,} residents; the demo's sign-ins see them.")

    @transaction.atomic
    def bases(self) -> list[int]:
        """Ids of a nation's bases: those of the demo, and more in every province."""
        added = [
            TrainingBase(
                province=province,
                code=f"{province.code}{number:03d}",
                name=f"{province.short_name}示范第{number}医院",
                name_key=f"{province.code}{number:03d}",
            )
            for province in Province.objects.all()
            for number in range(101, 101 + BASES_A_PROVINCE)
        ]
        TrainingBase.objects.bulk_create(added)
        codes = Specialty.objects.values_list("pk", flat=True)
        SpecialtyBase.objects.bulk_create(
            SpecialtyBase(base=base, specialty_id=code) for base in added for code in codes
        )
        return list(TrainingBase.objects.order_by("pk").values_list("pk", flat=True))
