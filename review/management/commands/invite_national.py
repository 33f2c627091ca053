"""Command for operators: the association's first account of a new installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.models import User
from portal.roles import Role
from portal.sign_in.services import issue_initial_code


class Command(BaseCommand):
    help = "Create the association's first account of a new installation and print its one-time initial password."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("full_name")
        parser.add_argument("mobile")

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"].lower()
        if User.objects.filter(role=Role.CMDA, is_active=True, activated_at__isnull=False).exists():
            raise CommandError(
                "The association already has active accounts: they invite their colleagues in the portal."
            )
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username} is taken.")
        user = User.objects.create_user(
            username, role=Role.CMDA, full_name=options["full_name"], mobile=options["mobile"]
        )
        code = issue_initial_code(user, by=user)
        self.stdout.write(f"业务管理入口，账号 {username}，一次性初始密码 {code}（90 天内有效，只能用一次）")
