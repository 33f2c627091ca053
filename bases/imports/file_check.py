"""What an uploaded file says of itself: our template's stamp, our own status column, columns nobody asked for (GOAL-B1,
GOAL-B5).

An outdated template is accepted while all its columns are still known, and refused by name of its columns otherwise.
"""

from typing import Any

from bases.models import ImportBatch
from bases.workbooks.kinds import KINDS, workbook_of
from portal.parameters import number_of
from portal.sheets.reading import SheetRefused, Table
from residents.models.enrollment import Module

OUTDATED, NEWER = "old_template", "newer_template"


def remarks_on(batch: ImportBatch, table: Table) -> list[dict[str, Any]]:
    """What the page says about a file that is read: parts not read, an old template, a copy of ours that came back.

    Raises SheetRefused for another workbook's template, and for an old one with columns that are no longer known.
    """
    resource = workbook_of(batch).resource
    unknown = [text for _, text in table.unknown_headers if text]
    remarks: list[dict[str, Any]] = [
        *({"column": letters, "header": text} for letters, text in table.unknown_headers),
        *({"sheet": name} for name in table.ignored_sheets),
        *({"sheet": name, "is_hidden": True} for name in table.hidden_sheets),
        *({"column": letters, "header": text, "read_as": header} for letters, text, header in table.renamed),
        *({"status_column": letters} for letters in table.skipped),
    ]
    _refuse_other(batch, table.template_version)
    if _is_newer(batch, table.template_version):
        return [{"newer_template": table.template_version}, *remarks]
    if not is_outdated(batch, table.template_version):
        return remarks
    missing = [header for header in resource.headers() if table.letter(header) is None]
    if unknown:
        raise _old(table.template_version, f"不再使用的列{_quoted(unknown)}" + _and_new(missing))
    return [{"template": table.template_version, "missing": missing}, *remarks]


def explained(batch: ImportBatch, refusal: SheetRefused) -> SheetRefused:
    """The refusal of a file whose header row is not today's, in the words of its template."""
    if refusal.code != "headers":
        return refusal
    try:
        _refuse_other(batch, refusal.template_version)
    except SheetRefused as other:
        return other
    if is_outdated(batch, refusal.template_version):
        return _old(refusal.template_version, refusal.text.rstrip("。"))
    if _is_newer(batch, refusal.template_version):
        return SheetRefused(
            NEWER,
            f"这份文件由比本系统更新的模板（{refusal.template_version}）填写，与现在的模板不一致："
            + refusal.text,
            "请在本系统下载模板，把内容填到其中再上传。",
        )
    return refusal


def is_outdated(batch: ImportBatch, version: str | None) -> bool:
    """Is this the stamp of an earlier version of the batch's template?"""
    own = workbook_of(batch).resource
    is_other = version is not None and version != own.version and _title_of(version) == own.title
    return is_other and not _is_newer(batch, version)


def _is_newer(batch: ImportBatch, version: str | None) -> bool:
    """Is this the stamp of a later version, as another installation of the portal may have it?"""
    own = workbook_of(batch).resource
    return version is not None and _title_of(version) == own.title and _number(version) > _number(own.version)


def _number(version: str) -> int:
    return number_of(version.rpartition(" ")[2]) or 0


def _title_of(version: str) -> str:
    return version.rpartition(" ")[0]


def _refuse_other(batch: ImportBatch, version: str | None) -> None:
    """Raises SheetRefused for a template of ours that belongs elsewhere, saying where."""
    own = workbook_of(batch).resource.title
    for kind in KINDS.values():
        for module, workbook in kind.workbooks.items():
            title = workbook.resource.title
            if version and title == _title_of(version) != own:
                raise SheetRefused(
                    "other_template",
                    f"这是“{title}”，不是“{own}”。",
                    f"请到“批量导入”中的“{kind.title}”“{Module(module).label}”上传；或下载“{own}”填写。",
                )


def _old(version: str | None, what: str) -> SheetRefused:
    return SheetRefused(
        OUTDATED,
        f"这份文件由旧版模板（{version}）填写，与现在的模板不一致：{what}。",
        "请下载新模板，把内容填到新模板里再上传。",
    )


def _and_new(missing: list[str]) -> str:
    return f"；新增的列{_quoted(missing)}" if missing else ""


def _quoted(headers: list[str]) -> str:
    return "".join(f"“{header[:30]}”" for header in headers[:20])
