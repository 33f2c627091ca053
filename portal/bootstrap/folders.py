"""Where the portal may keep files: no folder holds another's, and none lies among the code."""

import os
from itertools import combinations
from pathlib import Path

from portal.bootstrap.values import ROOT


def faults(folders: dict[str, Path], project: Path = ROOT) -> list[str]:
    """What is wrong with the folders of these settings, one text each, with the repair.

    `collectstatic --clear` empties STATIC_ROOT, and a folder inside one that is served, backed up or cleared shares
    its fate. Inside the project only var/ holds data (git ignores it).
    """
    # Links are followed: two names of one folder are one folder.
    real = {name: Path(os.path.realpath(path)) for name, path in folders.items()}
    project = Path(os.path.realpath(project))
    data = Path(os.path.realpath(project / "var"))
    found = []
    for name, path in real.items():
        if project.is_relative_to(path) or data.is_relative_to(path):
            found.append(
                f"设置 {name}：{path} 是项目文件夹或其 var，或包含它们。请另选一个专用的文件夹。"
                f"/ Setting {name}: is or holds the project or its var; name a folder of its own."
            )
        elif path.is_relative_to(project) and not path.is_relative_to(data):
            found.append(
                f"设置 {name}：{path} 在项目的代码之中。项目内只能用 var 下的文件夹，或选项目以外的文件夹。"
                f"/ Setting {name}: lies among the code; name a folder below var/ or outside the project."
            )
    for (one, first), (other, second) in combinations(real.items(), 2):
        if first.is_relative_to(second) or second.is_relative_to(first):
            found.append(
                f"设置 {one}（{first}）和 {other}（{second}）相同，或一个在另一个之中。请分开。"
                f"/ Settings {one} and {other}: one folder holds the other; keep them apart."
            )
    return found


def holds_source(folder: Path) -> bool:
    """Whether a project lies in the folder itself."""
    return any((folder / name).exists() for name in (".git", ".env", "manage.py", "pyproject.toml"))
