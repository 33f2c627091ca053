"""The environment of `make run`: the file .env, then what trying things out needs. A server sets its own."""

import os
import secrets
from pathlib import Path

from portal.bootstrap.failure import Failure

ROOT = Path(__file__).resolve().parent.parent.parent


def prepare(root: Path = ROOT) -> None:
    """Fill os.environ for this process and its children; what is set already always wins."""
    for name, value in read_env_file(root / ".env").items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("DEBUG", "1")
    if "SECRET_KEY" not in os.environ and "SECRET_KEY_FILE" not in os.environ:
        os.environ["SECRET_KEY"] = secret_key(root / "var" / "secret_key")
    programs = root / ".venv" / "bin"
    os.environ["PATH"] = f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"


def read_env_file(path: Path) -> dict[str, str]:
    """NAME=value lines, `#` comments, blank lines; quotes around a value come off. Raises Failure with the line."""
    if not path.exists():
        return {}
    values = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise Failure(
                f"{path} 第 {number} 行应为 名称=值。/ Line {number} of {path} is not NAME=value: {text}"
            )
        values[name.strip()] = value.strip().strip("\"'")
    return values


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
