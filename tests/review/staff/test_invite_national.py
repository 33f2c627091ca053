"""TRUST-13: the first national account is an individual invitation, never a default account."""

import re

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from portal.models import User


def test_first_national_account_is_invited(db, capsys):
    call_command("invite_national", "Sunli", "孙立", "13900000001")
    code = re.search(r"\w{4}-\w{4}", capsys.readouterr().out).group()
    client = Client()
    assert client.post("/sign-in/staff/", {"account": "sunli", "password": code}).url == "/activate/"
    # Staff are asked for no consent to what is kept of residents only.
    assert "敏感个人信息" not in re.sub(
        r"<details.*?</details>", "", client.get("/activate/").text, flags=re.S
    )
    values = {"account": "sunli", "code": code, "accepts_privacy": "on"}
    passwords = {"new_password1": "Gonghao-Lvse-9", "new_password2": "Gonghao-Lvse-9"}
    assert client.post("/activate/", values | passwords).url == "/desk/"
    assert User.objects.get().role == "cmda"
    with pytest.raises(CommandError):
        call_command("invite_national", "other", "李四", "13900000002")
