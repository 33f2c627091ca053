"""Command for operators: takes the lost second factor of the association's only account away."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.models import User
from portal.sign_in import second_factor


class Command(BaseCommand):
    help = "Take the lost second factor of an account away; for the association's only account, others ask a colleague."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--reason", required=True, help="Who asked and how this was made sure; kept in the log."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username = options["username"].lower()
        user = User.objects.filter(username=username, second_factor_at__isnull=False).first()
        if user is None:
            raise CommandError(f"There is no account {username} with a second factor.")
        second_factor.reset(user, by=None, reason=options["reason"])
        self.stdout.write(f"{username} 的二次验证已重置，全部登录已退出。")
