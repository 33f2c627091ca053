"""What Django checks before a command runs, and `check --deploy` before a server starts.

Those on folders bear the tag of static files: `collectstatic` runs them before it writes or clears anything.
"""

import inspect
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.apps import StaticFilesConfig
from django.contrib.staticfiles.finders import get_finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.files.storage import default_storage
from django.db import DatabaseError, OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.module_loading import import_string

from portal import outside, replica, table_rights
from portal.bootstrap import folders
from portal.bootstrap.failure import Failure
from portal.gateways import try_mail


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


# What the operator's own functions are called with.
TAKES = {"MESSAGE_GATEWAY": ("mail", "a@example.cn", "text"), "UPLOAD_SCANNER": (io.BytesIO(),)}


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
        if path and (reason := _why_unusable(path, TAKES.get(name)))
    ]


@register(deploy=True)
def outside_answers(**_: Any) -> list[CheckMessage]:
    """Mail server, SMS platform and virus scanner answer now, as far as they can be tried without an effect."""
    tried: list[tuple[str, Callable[..., Any], tuple, int]] = []
    if not named_code_exists():
        gateway = import_string(settings.MESSAGE_GATEWAY)
        if try_out := getattr(gateway, "try_out", None):
            tried.append(("MESSAGE_GATEWAY", try_out, (), settings.GATEWAY_SECONDS))
        if settings.HISTORY_ANCHOR_MAIL and try_out is not try_mail:
            tried.append(("HISTORY_ANCHOR_MAIL", try_mail, (), settings.GATEWAY_SECONDS))
        if settings.UPLOAD_SCANNER:
            scanner = import_string(settings.UPLOAD_SCANNER)
            tried.append(("UPLOAD_SCANNER", scanner, (io.BytesIO(b"\n"),), settings.SCANNER_SECONDS))
    found: list[CheckMessage] = []
    for name, function, arguments, seconds in tried:
        try:
            answer = outside.call(function, *arguments, seconds=seconds)
            fault = f"把空文件判为“{answer}”" if name == "UPLOAD_SCANNER" and answer is not None else ""
        except Exception as error:  # an operator's module may fail in any way
            fault = f"{type(error).__name__}: {error}"
        if fault:
            found.append(
                Error(
                    f"设置 {name}：试用失败（{fault}）。请核对地址、端口、账号和网络，再运行本检查。"
                    f"/ Setting {name}: tried, and it failed.",
                    id="portal.E006",
                )
            )
    return found


@register(deploy=True)
def proxies_are_counted(**_: Any) -> list[CheckMessage]:
    """Behind a proxy that ends TLS, a portal that trusts none sends its own answers to https for ever."""
    if settings.TRUSTED_PROXY_COUNT or not settings.SECURE_SSL_REDIRECT:
        return []
    return [
        Error(
            "设置 TRUSTED_PROXY_COUNT：为 0 时不相信任何代理转来的协议，https 的请求会被无休止地转到 https。"
            "请设为前面自己的代理的个数（只有 nginx 时为 1）。"
            "/ Setting TRUSTED_PROXY_COUNT: 0 trusts no proxy, so that https is redirected to https for ever.",
            id="portal.E005",
        )
    ]


@register
def history_is_guarded(**_: Any) -> list[CheckMessage]:
    """Worker and clock do not start where a trigger that writes history has lost its owner's rights (TRUST-55).

    A database that does not answer is their own matter.
    """
    if sys.argv[1:2] not in (["run_worker"], ["run_clock"]):
        return []
    try:
        return [Error(f"{fault}。{_MIGRATE}", id="portal.E004") for fault in table_rights.faults()]
    except OperationalError:
        return []


@register(deploy=True)
def runtime_login_is_no_owner(**_: Any) -> list[CheckMessage]:
    """A server works with a login that can neither rewrite history nor switch its protection off (TRUST-55).

    Asked of tables of this version alone: an upgrade checks first and migrates then.
    """
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            return []
        found = [f"{fault}。{_MIGRATE}" for fault in table_rights.faults()]
        return [Error(fault, id="portal.E004") for fault in (*found, *table_rights.faults_of_login())]
    except OperationalError as error:
        return [
            Warning(
                f"数据库没有应答，运行账户的权限未能检查（{str(error).strip()}）。"
                "/ The database did not answer; the login's rights were not checked.",
                id="portal.W001",
            )
        ]


@register(deploy=True)
def replica_follows(**_: Any) -> list[CheckMessage]:
    """DATABASE_REPLICA_URL names a streaming replica of this very primary that keeps up. Where it is away the portal
    reads the primary, so that is only warned of."""
    if not replica.is_set():
        return []
    try:
        found = replica.state()
    except DatabaseError as error:
        return [
            Warning(
                f"设置 DATABASE_REPLICA_URL：副本没有应答（{str(error).strip()}），统计和导出暂时读取主库。"
                "/ Setting DATABASE_REPLICA_URL: no answer; the primary is read meanwhile.",
                id="portal.W002",
            )
        ]
    if not found.is_replica or not found.is_of_this_primary:
        return [
            Error(
                "设置 DATABASE_REPLICA_URL：指向的不是 DATABASE_URL 这个主库的流复制副本。请核对地址；"
                "副本升为主库后请改为新的副本或留空。"
                "/ Setting DATABASE_REPLICA_URL: no streaming replica of the primary that DATABASE_URL names.",
                id="portal.E007",
            )
        ]
    if not found.is_fresh:
        return [
            Warning(
                f"设置 DATABASE_REPLICA_URL：副本落后超过 {replica.OLDEST.seconds} 秒，统计和导出暂时读取主库。"
                "请查看复制是否中断，以及后台处理是否在运行。"
                "/ Setting DATABASE_REPLICA_URL: too far behind; the primary is read meanwhile.",
                id="portal.W002",
            )
        ]
    return []


_MIGRATE = "请运行 manage.py migrate，它会重新设置"


def stale_files() -> list[str]:
    """Static files of this version that were not collected; a page that names one would be an error."""
    if settings.DEBUG:
        return []
    listed = getattr(staticfiles_storage, "hashed_files", {})
    passed_over = cast(StaticFilesConfig, apps.get_app_config("staticfiles")).ignore_patterns
    names = {name for finder in get_finders() for name, _ in finder.list(passed_over)}
    return sorted(names - set(listed))


def refuse_stale_files() -> None:
    """Raises Failure: new code over old collected files answered 500 page by page."""
    if names := stale_files():
        raise Failure(
            f"静态文件不是这个版本的（缺少 {names[0]} 等 {len(names)} 个）。"
            "请先运行 python -m portal.bootstrap.run upgrade，再启动。\n"
            "Static files are not of this version: run `python -m portal.bootstrap.run upgrade` first."
        )


def refuse_unusable_code() -> None:
    """`named_code_exists` for a web process, which runs no checks of its own. Raises Failure."""
    if faults := named_code_exists():
        raise Failure("\n".join(fault.msg for fault in faults))


def refuse_unguarded_history() -> None:
    """`history_is_guarded` for a web process. Raises Failure."""
    try:
        faults = table_rights.faults()
    except OperationalError:
        return
    finally:
        # Threads and forks to come each open their own.
        connection.close()
    if faults:
        raise Failure("\n".join(f"{fault}。{_MIGRATE}" for fault in faults))


def _why_unusable(path: str, taken: tuple | None) -> str | None:
    try:
        function = import_string(path)
        if not callable(function):
            return "不是函数 / not callable"
        if taken is not None:
            inspect.signature(function).bind(*taken)
        return None
    # An operator's module may fail in any way.
    except Exception as error:
        return f"{type(error).__name__}: {error}"
