"""The Chromium of the browser tests: `python -m portal.bootstrap.browser` prints the path of one that shows Chinese.

The machine's own is preferred. Where it has none, or no Chinese font, both come from npm packages below var/browser:
no step needs an administrator.
"""

import fcntl
import os
import platform
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from portal.bootstrap import frontend, values
from portal.bootstrap.failure import Failure, exit_code_of

ROOT = Path(__file__).resolve().parent.parent.parent
NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
# The word in place of a path that asks for the packages' browser and font whatever the machine has.
PACKAGED = "packaged"
PACKAGES = Path(__file__).with_name("chromium")
HOME = ROOT / "var" / "browser"
FONTS = ("400Regular/NotoSansSC_400Regular.ttf", "700Bold/NotoSansSC_700Bold.ttf")
FONT_SETTINGS = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <include ignore_missing="yes">/etc/fonts/fonts.conf</include>
  <dir>{fonts}</dir>
  <cachedir>{cache}</cachedir>
</fontconfig>
"""
# Python's standard library knows no brotli; node does.
UNPACK = """
const { pipeline } = require("stream"), { createReadStream, createWriteStream } = require("fs");
const [from, to] = process.argv.slice(1);
pipeline(createReadStream(from), require("zlib").createBrotliDecompress(), createWriteStream(to), (error) => {
  if (error) throw error;
});
"""


def path() -> str:
    """The Chromium to start: PORTAL_CHROMIUM, the machine's own, else that of the packages."""
    given = values.given("PORTAL_CHROMIUM")
    if given and given != PACKAGED:
        if (program := shutil.which(given)) is None:
            raise Failure(
                f"PORTAL_CHROMIUM={given} 不存在，或不能运行。/ No such program, or not one that you may run."
            )
        return program
    program = None if given else _installed()
    if program is not None and _shows_chinese():
        return program
    return str(_packaged(program))


def _installed() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def _shows_chinese() -> bool:
    """Without a Chinese font pages render as boxes; a machine without fontconfig's tools hardly has one."""
    if shutil.which("fc-list") is None:
        return False
    return bool(subprocess.run(["fc-list", ":lang=zh"], capture_output=True, check=False).stdout.strip())  # nosec B607 # found or not found, both are well


def _packaged(program: str | None) -> Path:
    """A command that starts `program`, or the packages' Chromium, with their font; fetched at the first call."""
    if program is None and (sys.platform, platform.machine()) != ("linux", "x86_64"):
        raise Failure(
            "浏览器测试需要 Chromium。请安装 Chromium 或 Chrome，或用 PORTAL_CHROMIUM=路径 指明，然后重新运行。\n"
            "The browser tests need Chromium: install it, or set PORTAL_CHROMIUM to its path, and run again."
        )
    HOME.mkdir(parents=True, exist_ok=True)
    lock_file = (PACKAGES / "package-lock.json").read_text(encoding="utf-8")
    made = HOME / "made"
    with open(HOME / "lock", "w") as lock:
        # Several processes of one run may ask at once.
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists() or made.read_text(encoding="utf-8") != lock_file:
            _fetch()
            made.write_text(lock_file, encoding="utf-8")
    command = HOME / ("chromium" if program is None else "machine-chromium")
    settings = {"FONTCONFIG_FILE": HOME / "fonts.conf"}
    if program is None:
        settings["LD_LIBRARY_PATH"] = HOME / "lib"
    draft = command.with_name(f"{command.name}.{os.getpid()}")
    draft.write_text(
        "#!/bin/sh\n"
        + "".join(f"export {name}={shlex.quote(str(value))}\n" for name, value in settings.items())
        + f'exec {shlex.quote(program or str(HOME / "chromium.program"))} "$@"\n',
        encoding="utf-8",
    )
    draft.chmod(0o755)
    draft.replace(command)
    return command


def _fetch() -> None:
    """Fill var/browser: the program, the libraries that a bare machine lacks, the font and its settings."""
    print("安装测试用浏览器与中文字体 / fetching a browser and a Chinese font for the tests", file=sys.stderr)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(PACKAGES / name, HOME / name)
    frontend.install(HOME)
    packages = HOME / "node_modules"
    archives = packages / "@sparticuz" / "chromium" / "bin"
    program = HOME / "chromium.program"
    _unpack(archives / "chromium.br", program)
    program.chmod(0o755)
    libraries = HOME / "libraries.tar"
    _unpack(archives / "al2023.tar.br", libraries)
    shutil.unpack_archive(libraries, HOME)
    libraries.unlink()
    fonts = HOME / "fonts"
    fonts.mkdir(exist_ok=True)
    for font in FONTS:
        shutil.copy(packages / "@expo-google-fonts" / "noto-sans-sc" / font, fonts)
    shutil.rmtree(packages)
    (HOME / "fonts.conf").write_text(
        FONT_SETTINGS.format(fonts=fonts, cache=HOME / "font-cache"), encoding="utf-8"
    )


def _unpack(archive: Path, target: Path) -> None:
    subprocess.run([frontend.node(), "-e", UNPACK, str(archive), str(target)], check=True)


def main() -> int:
    print(path())
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
