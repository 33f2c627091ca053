"""Command for developers and trainers: a made-up country with 600 residents in every state."""

from typing import Any

import pghistory
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from bases.models import TrainingBase
from portal.models import User
from review.demo.cycles import make_cycles, make_notices
from review.demo.organisations import DEMO_PROVINCE, PASSWORD, SignIn, make_bases, make_staff
from review.demo.records import FIRST_CODE, Records

# Asked for by name: a demo in a real database would give strangers accounts with a published password.
FORCE = "--into-this-production-database"


class Command(BaseCommand):
    help = "Load made-up organisations, staff and 600 residents in every state. Refused where DEBUG is off."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(FORCE, action="store_true", dest="force", help="load although DEBUG is off")
        parser.add_argument("--sign-ins", action="store_true", help="only print the demo sign-ins")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG and not options["force"]:
            raise CommandError(f"DEBUG is off: the demo is not loaded. If you really mean it, add {FORCE}.")
        if TrainingBase.objects.exists():
            self.stdout.write("The database already holds training bases; the demo is left as it is.")
        else:
            with transaction.atomic(), pghistory.context(channel="demo"):
                count = self.load()
            self.stdout.write(f"Loaded {count} demo residents.")
        self.print_sign_ins()

    def load(self) -> int:
        bases = make_bases()
        make_staff(bases)
        past, present = make_cycles(timezone.localdate())
        make_notices(present, User.objects.get(username="cmda"))
        records = Records(bases, present, past)
        here = [base for base in bases if base.province_id == DEMO_PROVINCE]
        made = 0
        for make, wanted in records.plan():
            for number in range(wanted):
                # Every third record at the demo province, so that its two desks have something of everything.
                near = here[0] if number % 6 == 0 else here[-1]
                make(near if number % 3 == 0 else records.people.rng.choice(bases))
                made += 1
        return made

    def print_sign_ins(self) -> None:
        for sign_in in demo_sign_ins():
            self.stdout.write(
                f"  {sign_in.role:<28} {sign_in.username:<20} {sign_in.password:<14} {sign_in.note}"
            )


def demo_sign_ins() -> list[SignIn]:
    """The accounts `make run` prints, looked up in the database so that the list cannot lie."""
    base_code = f"{DEMO_PROVINCE}001"
    names = {
        "cmda": "采集周期、统计、机构与账号",
        "shenji": "只看操作记录",
        f"sheng{DEMO_PROVINCE}": "审核上报的信息",
        f"jidi{base_code}": "导入账号、上报",
    }
    found = [
        SignIn(user.get_role_display(), user.username, PASSWORD, f"业务管理：{names[user.username]}")
        for user in User.objects.filter(username__in=names).order_by("-role")
    ]
    people = User.objects.filter(
        role="resident",
        resident__enrollments__base__code=base_code,
        resident__enrollments__registered_at=None,
    )
    active = people.filter(activated_at__isnull=False).order_by("pk").first()
    if active:
        found.append(SignIn("住院医师", active.username, PASSWORD, "住院医师入口：填报个人信息"))
    empty = (
        people.filter(activated_at__isnull=True, is_active=True, initial_code_hash="").order_by("pk").first()
    )
    if empty:
        found.append(
            SignIn("住院医师（未激活）", empty.username, "000000", f"激活时填写手机号 {empty.mobile}")
        )
    with_code = people.filter(activated_at__isnull=True).exclude(initial_code_hash="").order_by("pk").first()
    if with_code:
        found.append(
            SignIn("住院医师（初始密码）", with_code.username, FIRST_CODE, "用打印的一次性初始密码激活")
        )
    return found
