"""Why a whole file is refused: one plain reason and one repair step for each."""

from collections.abc import Iterable, Mapping
from typing import Any

_SAVE_AS = "请用 Excel、WPS 或 LibreOffice 打开，另存为 .xlsx 后重新上传。"
_CLEAN_COPY = "请新建一个工作簿，只把有内容的单元格复制进去，另存为 .xlsx 后重新上传。"

REASONS = {
    "no_file": ("没有找到上传的文件。", "请重新选择文件并上传。"),
    "empty_file": ("文件是空的（0 字节）。", "请检查文件内容后重新上传。"),
    "file_too_big": (
        "文件有 {size} MB，超过 {limit} MB 的上限。",
        "请删去图片和无关的工作表，或分成几个文件上传。",
    ),
    "password": ("文件设有打开密码。", "请在表格软件中去掉密码，另存为 .xlsx 后重新上传。"),
    "macros": ("文件带有宏（程序代码），为安全起见不接收。", "请另存为不带宏的 .xlsx 后重新上传。"),
    "not_a_table": ("这不是表格文件，内容是{what}。", "请上传由模板填写的 .xlsx 文件。"),
    "old_format": ("文件是{what}，本系统不能读取。", _SAVE_AS),
    "broken": ("文件不完整或已损坏。", "请在电脑上确认文件能打开，另存为 .xlsx 后重新上传。"),
    "unreadable": ("文件无法读取，可能已损坏或由不常见的软件生成。", _SAVE_AS),
    "unknown_content": (
        "文件的内容无法识别，不是表格；多半已被单位的文档加密（防泄密）软件加密，也可能已损坏。",
        "请先用该软件解密或申请外发，确认在没有装它的电脑上也能打开，再重新上传。",
    ),
    "rights": (
        "文件设有“限制访问”（信息权限管理），只有获得授权的人能打开。",
        "请在表格软件的“文件→信息”中取消限制访问，另存为 .xlsx 后重新上传。",
    ),
    "utf16": ("文件内部用 UTF-16 编码保存，本系统不能读取。", _SAVE_AS),
    "entities": ("文件内部含有不允许的声明（DOCTYPE），为安全起见不接收。", _SAVE_AS),
    "unpacks_too_big": ("文件解压后过大。", _CLEAN_COPY),
    "too_many_parts": ("文件内部的部件过多。", _CLEAN_COPY),
    "far_corner": (
        "工作表“{sheet}”在离名单很远的单元格 {cell} 中有内容（也可能只是一个空格），范围过大而无法读取。",
        "请在名称框中输入 {cell} 回车，删去那里的内容；或把名单复制到新工作簿，另存为 .xlsx 后重新上传。",
    ),
    "too_demanding": ("文件过大或结构过于复杂，在规定的时间和内存内读不完。", _CLEAN_COPY),
    "too_much_text": ("文件中的文字过多。", "请删去无关内容，或分成几个文件上传。"),
    "encoding": ("CSV 文件的文字编码无法识别。", "请另存为 .xlsx，或另存为 UTF-8 编码的 CSV 后重新上传。"),
    "csv_quotes": (
        "CSV 文件第 {line} 行附近的英文双引号不成对。",
        "请改正双引号，或另存为 .xlsx 后重新上传。",
    ),
    "no_sheet": ("文件中没有工作表。", "请上传由模板填写的 .xlsx 文件。"),
    "hidden_sheets": (
        "看得见的工作表中没有填写的名单，只有隐藏的工作表{sheets}中有。",
        "请在本页选择读取它，或把名单填在看得见的工作表中重新上传。",
    ),
    "cell_twice": (
        "工作表“{sheet}”的单元格 {cell} 在文件中写了两次，不能确定哪一个是真的。",
        "请用 Excel 或 WPS 打开，核对 {cell} 的内容，另存为 .xlsx 后重新上传。",
    ),
    "no_header": ("没有找到表头行（应有的列：{expected}）。", "请下载模板，把内容填到模板里再上传。"),
    "headers": (
        "工作表“{sheet}”第 {row} 行（表头）：{faults}。",
        "请按模板改正表头后重新上传；列的先后顺序不限。",
    ),
    "no_rows": (
        "工作表“{sheet}”的表头（第 {row} 行）下面没有数据。",
        "请从表头的下一行起填写，保存后再上传。",
    ),
    "too_many_rows": (
        "工作表“{sheet}”有 {count} 行数据，超过一次 {limit} 行的上限。",
        "请分成几个文件上传。",
    ),
}


class SheetRefused(Exception):
    """The whole file is refused. `code` is stable; `text` (why) and `repair` (what to do) are for the user;
    `template_version` is the stamp of one of our templates, if the file could be opened and has one; `sheets` are those
    that would be read if the user asked for it, `columns` what could be matched by hand: the `missing` headers and the
    `unknown` ones as (letters, header, cells)."""

    def __init__(
        self,
        code: str,
        text: str,
        repair: str,
        template_version: str | None = None,
        sheets: Iterable[str] = (),
        columns: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(text + repair)
        self.sheets = list(sheets)
        self.columns = dict(columns or {})
        self.template_version = template_version
        self.code = code
        self.text = text
        self.repair = repair


def refused(code: str, **details: object) -> SheetRefused:
    """The `SheetRefused` for a code of this module, its text filled in with `details`."""
    text, repair = REASONS[code]
    return SheetRefused(code, text.format(**details), repair.format(**details))
