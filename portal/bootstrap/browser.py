"""Find Chromium for the browser tests, or install it: `python -m portal.bootstrap.browser` prints its path."""

import os
import shutil
import subprocess
import sys

from portal.bootstrap import values
from portal.bootstrap.failure import Failure, exit_code_of

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
PACKAGES = ("chromium", "fonts-noto-cjk")


def path() -> str:
    """The Chromium to use: PORTAL_CHROMIUM, the machine's own, else Debian's, installed where root may do so."""
    if given := values.given("PORTAL_CHROMIUM"):
        if (program := shutil.which(given)) is None:
            raise Failure(
                f"PORTAL_CHROMIUM={given} 不存在，或不能运行。/ No such program, or not one that you may run."
            )
        return program
    program = _installed()
    if (program is None or not _shows_chinese()) and _may_install():
        _install()
        program = _installed()
    if program is None:
        raise Failure(
            f"浏览器测试需要 Chromium。请由管理员运行：apt-get install {' '.join(PACKAGES)}\n"
            "（其他系统请安装 Chromium 或 Chrome，再用 PORTAL_CHROMIUM=路径 指明），然后重新运行。\n"
            "The browser tests need Chromium: install it as above, or set PORTAL_CHROMIUM to its path, and run again."
        )
    return program


def _installed() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _shows_chinese() -> bool:
    """Without a Chinese font pages render as boxes; where fontconfig is missing nobody can say."""
    if shutil.which("fc-list") is None:
        return True
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout.strip())


def _may_install() -> bool:
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def _install() -> None:
    for command in (
        ["apt-get", "update"],
        ["apt-get", "install", "-y", "--no-install-recommends", *PACKAGES],
    ):
        subprocess.run(
            command,
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            stdin=subprocess.DEVNULL,
            # stdout is for the path alone.
            stdout=sys.stderr,
            check=False,
        )


def main() -> int:
    print(path())
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
