"""The environment of `make run`: the file .env, then what trying things out needs. A server sets its own."""

import os
import secrets
from pathlib import Path

from portal.bootstrap import values
from portal.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parent.parent.parent


def prepare(root: Path = ROOT) -> None:
    """Fill os.environ for this process and its children; what is set already always wins, an empty value is not."""
    set_already = {name.removesuffix("_FILE") for name, value in os.environ.items() if value.strip()}
    for name, value in read_env_file(root / ".env").items():
        # NAME and NAME_FILE are one setting: a file of .env does not outdo the value of a caller.
        if value and name.removesuffix("_FILE") not in set_already:
            os.environ[name] = value
    if values.given("DEBUG") is None:
        os.environ["DEBUG"] = "1"
    if values.given("SECRET_KEY") is None:
        os.environ["SECRET_KEY"] = secret_key(root / "var" / "secret_key")
    programs = root / ".venv" / "bin"
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines, `#` comments, blank lines; quotes around a value come off. Raises Failure with the line."""
    if not path.exists():
        return {}
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise Failure(
            f"不能读取 {path}：应为本账户可读的 UTF-8 文本文件。/ {path} must be UTF-8 text that you may read."
        ) from error
    found = {}
    for number, line in enumerate(lines, start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise Failure(
                f"{path} 第 {number} 行应为 名称=值。/ Line {number} of {path} is not NAME=value: {text}"
            )
        found[name.strip()] = _without_quotes(value.strip())
    return found


def _without_quotes(value: str) -> str:
    is_quoted = len(value) > 1 and value[0] == value[-1] and value[0] in "\"'"
    return value[1:-1].strip() if is_quoted else value


def secret_key(path: Path) -> str:
    """The key kept in the file, made at the first call: people stay signed in across restarts."""
    try:
        return path.read_text().strip()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        key = secrets.token_urlsafe(50)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(key)
        return key
    except PermissionError as error:
        raise Failure(
            f"不能读取 {path}。请用建立它的账户运行。/ {path} belongs to another account."
        ) from error
