"""What the environment says: the one way of reading a setting, before and with Django.

An empty value, or one of spaces only, counts as none: `.env.example` may be copied as it is. A value that cannot be
meant raises Failure, which names the setting and the repair; secrets are never repeated in it.
"""

import os
from pathlib import Path
from typing import NoReturn

from portal.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parent.parent.parent
_WORDS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
_DIGITS = 9


def given(name: str) -> str | None:
    """The value of NAME, or of the file that NAME_FILE names (for secrets mounted as files); None where empty."""
    file_name = os.environ.get(f"{name}_FILE", "").strip()
    value = (_content(f"{name}_FILE", file_name) if file_name else os.environ.get(name, "")).strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        refuse(
            name,
            "值的首尾有引号。这里的引号不会去掉，请删去",
            "the value stands in quotes, which would be part of it; remove them",
        )
    return value or None


def text(name: str, default: str | None = None) -> str:
    """The value, else the default; without a default the setting is required."""
    value = given(name)
    if value is not None:
        return value
    if default is None:
        refuse(name, "必须设置，不能留空（见 .env.example）", "required and not set, see .env.example")
    return default


def boolean(name: str, default: bool = False) -> bool:
    value = given(name)
    if value is None:
        return default
    if value.lower() not in _WORDS:
        refuse(name, f"“{value}”应为 1（是）或 0（否）", f"{value!r} is neither 1 nor 0")
    return _WORDS[value.lower()]


def number(name: str, default: int, least: int, most: int) -> int:
    """A whole number within both limits."""
    value = given(name)
    if value is None:
        return default
    # int() also takes signs, underscores and digits of other scripts; nobody means them.
    is_plain = value.isascii() and value.isdigit() and len(value) <= _DIGITS
    if not is_plain or not least <= int(value) <= most:
        refuse(
            name,
            f"“{value}”应为 {least} 到 {most} 的整数",
            f"{value!r} is not a whole number from {least} to {most}",
        )
    return int(value)


def choice(name: str, default: str, choices: tuple[str, ...]) -> str:
    """One of some words, whatever their case."""
    value = text(name, default).upper()
    if value not in choices:
        refuse(name, f"“{value}”应为 {'、'.join(choices)} 之一", f"must be one of {', '.join(choices)}")
    return value


def parts(name: str, default: str = "") -> list[str]:
    """The parts between commas."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def folder(name: str, default: Path) -> Path:
    """A folder; a relative one is meant from the project, wherever a process was started."""
    value = text(name, str(default))
    if value.startswith("~"):
        refuse(name, "不能以 ~ 开头，请写完整路径", "~ is not resolved here; write the whole path")
    path = Path(os.path.abspath(ROOT / value))
    # Unlike Path.exists, these answer False where the machine does not let us look.
    if os.path.exists(path) and not os.path.isdir(path):
        refuse(name, f"{path} 是文件，应为文件夹", f"{path} is a file, not a folder")
    return path


def refuse(name: str, chinese: str, english: str) -> NoReturn:
    raise Failure(f"设置 {name}：{chinese}。/ Setting {name}: {english}.")


def _content(name: str, file_name: str) -> str:
    try:
        return Path(file_name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        refuse(name, f"不能读取文件 {file_name}（{reason}）", f"cannot read {file_name} ({reason})")
