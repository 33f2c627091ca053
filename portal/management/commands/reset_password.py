"""Command for operators: a new one-time password for the association's account that nobody else may reset."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from portal.models import User
from portal.roles import Role
from portal.sign_in import services


class Command(BaseCommand):
    help = (
        "Reset the lost password of a staff account; for the association's only one, others ask a colleague."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument(
            "--reason", required=True, help="Who asked and how this was made sure; kept in the log."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        username, reason = options["username"].lower(), options["reason"].strip()
        if not reason:
            raise CommandError("请用 --reason 写明是谁要求的、怎样核实的。")
        user = User.objects.filter(username=username, is_active=True).exclude(role=Role.RESIDENT).first()
        if user is None:
            raise CommandError(f"没有启用中的工作人员账号 {username}。")
        code = services.reset_by_operator(user, reason=reason)
        self.stdout.write(
            f"{username} 已恢复为未激活，全部登录已退出。一次性初始密码 {code}"
            f"（{services.CODE_DAYS} 天内有效，只能用一次）；二次验证不变。"
        )
