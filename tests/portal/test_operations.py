"""The operator manual names the duties of the law, and only commands and settings that exist (TRUST-56, TRUST-57)."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
MANUAL = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("article", ["第五十五条", "第五十六条", "第五十七条"])
def test_manual_names_the_duties_of_the_law(article):
    """TRUST-57."""
    assert article in MANUAL


def test_manual_covers_encryption_backup_restore_and_retention():
    headings = re.findall(r"^## \d\. (.+)$", MANUAL, re.MULTILINE)
    assert headings[1:5] == ["加密与访问控制", "备份", "恢复", "保存期限与删除"]


def test_commands_of_the_manual_exist():
    named = set(re.findall(r"manage\.py (\w+)", MANUAL))
    assert named - set(get_commands()) == set()
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"make (\w+)", MANUAL)) - targets == set()


def test_settings_of_the_manual_exist():
    known = set(re.findall(r"^([A-Z_]+)=", (ROOT / ".env.example").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"`([A-Z]+_[A-Z_]+)`", MANUAL)) - known == set()


def test_files_of_the_manual_exist():
    named = re.findall(r"`((?:portal|tests|docs)/[\w/.]+)`", MANUAL)
    assert [name for name in named if not (ROOT / name).exists()] == []
