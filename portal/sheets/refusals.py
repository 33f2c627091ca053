"""Why a whole file is refused: one plain reason and one repair step for each."""

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
    "entities": ("文件内部含有不允许的声明（DOCTYPE），为安全起见不接收。", _SAVE_AS),
    "unpacks_too_big": ("文件解压后过大。", _CLEAN_COPY),
    "too_many_parts": ("文件内部的部件过多。", _CLEAN_COPY),
    "far_corner": (
        "工作表“{sheet}”的范围一直延伸到 {cell} 单元格，过大而无法读取。",
        "请删去数据区之外的内容，或把有内容的单元格复制到新工作簿，另存为 .xlsx 后重新上传。",
    ),
    "too_demanding": ("文件过大或结构过于复杂，在规定的时间和内存内读不完。", _CLEAN_COPY),
    "too_much_text": ("文件中的文字过多。", "请删去无关内容，或分成几个文件上传。"),
    "encoding": ("CSV 文件的文字编码无法识别。", "请另存为 .xlsx，或另存为 UTF-8 编码的 CSV 后重新上传。"),
    "csv_quotes": (
        "CSV 文件第 {line} 行附近的英文双引号不成对。",
        "请改正双引号，或另存为 .xlsx 后重新上传。",
    ),
    "no_sheet": ("文件中没有工作表。", "请上传由模板填写的 .xlsx 文件。"),
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
    `template_version` is the stamp of one of our templates, if the file could be opened and has one."""

    def __init__(self, code: str, text: str, repair: str, template_version: str | None = None) -> None:
        super().__init__(text + repair)
        self.template_version = template_version
        self.code = code
        self.text = text
        self.repair = repair


def refused(code: str, **details: object) -> SheetRefused:
    """The `SheetRefused` for a code of this module, its text filled in with `details`."""
    text, repair = REASONS[code]
    return SheetRefused(code, text.format(**details), repair)
