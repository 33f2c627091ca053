"""What Django checks before a command runs, and `check --deploy` before a server starts.

Those on folders bear the tag of static files: `collectstatic` runs them before it writes or clears anything.
"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.files.storage import default_storage
from django.utils.module_loading import import_string

from portal.bootstrap import folders
from portal.bootstrap.failure import Failure


@register(Tags.staticfiles)
def folders_apart(**_: Any) -> list[CheckMessage]:
    """Collected files and uploads lie apart from each other and from the code."""
    named = {"STATIC_ROOT": Path(settings.STATIC_ROOT)}
    # A storage elsewhere than on a disk has no folder.
    if location := getattr(default_storage, "location", None):
        named["PRIVATE_ROOT"] = Path(location)
    return [Error(fault, id="portal.E001") for fault in folders.faults(named)]


@register(Tags.staticfiles)
def only_collected_files(**_: Any) -> list[CheckMessage]:
    """STATIC_ROOT is empty or was filled by `collectstatic`, which may empty it again."""
    folder = Path(settings.STATIC_ROOT)
    if not folder.is_dir() or not any(folder.iterdir()):
        return []
    if (folder / "staticfiles.json").exists() and not folders.holds_source(folder):
        return []
    return [
        Error(
            f"设置 STATIC_ROOT：{folder} 里有不是 collectstatic 写入的文件，"
            "继续会把它们混入或清除。请改用空文件夹；"
            "如果只是上次 collectstatic 中断所留，请先自行清空。"
            "/ Setting STATIC_ROOT: the folder holds files that collectstatic did not write; name an empty one.",
            id="portal.E002",
        )
    ]


@register
def named_code_exists(**_: Any) -> list[CheckMessage]:
    """What the environment names by dotted path can be imported and called."""
    named = {
        "MESSAGE_GATEWAY": settings.MESSAGE_GATEWAY,
        "UPLOAD_SCANNER": settings.UPLOAD_SCANNER,
        "EMAIL_BACKEND": settings.EMAIL_BACKEND,
        "TASKS_BACKEND": str(settings.TASKS["default"]["BACKEND"]),
    }
    return [
        Error(
            f"设置 {name}：“{path}”不能使用（{reason}）。请核对路径和安装。"
            f"/ Setting {name}: {path} cannot be used.",
            id="portal.E003",
        )
        for name, path in named.items()
        if path and (reason := _why_unusable(path))
    ]


def refuse_unusable_code() -> None:
    """The same for a web process, which runs no checks of its own. Raises Failure."""
    if faults := named_code_exists():
        raise Failure("\n".join(fault.msg for fault in faults))


def _why_unusable(path: str) -> str | None:
    try:
        return None if callable(import_string(path)) else "不是函数 / not callable"
    # An operator's module may fail in any way.
    except Exception as error:
        return f"{type(error).__name__}: {error}"
