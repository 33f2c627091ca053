"""Drop-down lists whose words are on another sheet: Excel keeps them where openpyxl does not look, and so do they of
a template of ours that Excel has saved. Runs in the annotating child.
"""

import re
import zipfile

from openpyxl import Workbook
from openpyxl.worksheet.datavalidation import DataValidation

from portal.sheets.walking import follow
from portal.sheets.xlsx_parts import XlsxParts, local

# (attributes, {name: text}) of a validation in the extension.
Validation = tuple[dict[str, str], dict[str, str]]

_EXTENDED = re.compile(rb":dataValidation[\s>]")
_TEXTS = ("error", "errorTitle", "errorStyle", "prompt", "promptTitle", "operator", "type", "imeMode")
_TRUTHS = ("allowBlank", "showDropDown", "showErrorMessage", "showInputMessage")


def keep_lists(path: str, book: Workbook) -> None:
    """Gives the sheets of `book` the lists that their sheets in the workbook at `path` have in Excel's extension."""
    with zipfile.ZipFile(path) as archive:
        parts = XlsxParts(archive)
        for sheet in book.worksheets:
            xml = parts.sheet_xml(sheet.title)
            for attributes, texts in _extended(xml) if _EXTENDED.search(xml) else ():
                sheet.add_data_validation(_validation(attributes, texts))


def _extended(xml: bytes) -> list[Validation]:
    """Every validation in the extension."""
    return [(attributes, texts) for attributes, texts in follow(_Walk(), xml) if texts.get("sqref")]


def _validation(attributes: dict[str, str], texts: dict[str, str]) -> DataValidation:
    told: dict[str, object] = {name: attributes[name] for name in _TEXTS if name in attributes}
    told |= {name: attributes.get(name) in ("1", "true") for name in _TRUTHS}
    return DataValidation(**told, **texts)


class _Walk:
    def __init__(self) -> None:
        self.found: list[Validation] = []
        self.texts: dict[str, str] | None = None
        self.formula = "formula1"
        self.inside = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = local(name)
        if name == "dataValidation" and "sqref" not in attributes:
            self.texts = {}
            self.found.append((attributes, self.texts))
        elif name in ("formula1", "formula2"):
            self.formula = name
        elif self.texts is not None and name in ("f", "sqref"):
            self.inside = self.formula if name == "f" else name

    def text(self, text: str) -> None:
        if self.inside and self.texts is not None:
            self.texts[self.inside] = self.texts.get(self.inside, "") + text

    def end(self, name: str) -> None:
        name = local(name)
        if name == "dataValidation":
            self.texts = None
        elif name in ("f", "sqref"):
            self.inside = ""
