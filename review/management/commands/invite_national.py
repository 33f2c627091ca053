"""Command for operators: the association's first account of a new installation, and those of the auditors."""

import re
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.models import User
from portal.roles import Role
from portal.sign_in.services import issue_initial_code
from review.staff.forms import STAFF_NAME, STAFF_NAME_WORDS


class Command(BaseCommand):
    help = "Create the association's first account, or an auditor's, and print its one-time initial password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("full_name")
        parser.add_argument("mobile")
        parser.add_argument(
            "--auditor",
            action="store_true",
            help="An auditor: reads the audit log and does nothing else. Nobody in the portal makes one.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"].lower()
        role = Role.AUDITOR if options["auditor"] else Role.CMDA
        if not re.fullmatch(STAFF_NAME, username):
            raise CommandError(STAFF_NAME_WORDS)
        national = User.objects.filter(role=Role.CMDA, is_active=True, activated_at__isnull=False)
        if role == Role.CMDA and national.exists():
            raise CommandError(
                "The association already has active accounts: they invite their colleagues in the portal."
            )
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username} is taken.")
        user = User.objects.create_user(
            username, role=role, full_name=options["full_name"], mobile=options["mobile"]
        )
        code = issue_initial_code(user, by=user)
        self.stdout.write(f"业务管理入口，账号 {username}，一次性初始密码 {code}（90 天内有效，只能用一次）")
        self.stdout.write("登录以后，“设置—运行状况”列出首次使用的步骤：机构名录、人员、采集周期。")
