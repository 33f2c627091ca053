"""A look into the XML of an .ods, for what the reader does not tell: error cells and the true extent."""

from xml.parsers import expat

from portal.sheets.values import CellError
from portal.sheets.xlsx_parts import local


def cell_errors(content, sheet_name):
    """Error cells and formulas without a stored result of one sheet, which the reader shows as blank.

    `content` is the XML of content.xml. Returns {(row from 1, column from 0): CellError}.
    """
    if b'"error"' not in content and b":formula=" not in content:
        return {}
    walk = _TableWalk(sheet_name)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    parser.Parse(content, True)
    return walk.errors


class _TableWalk:
    """Follows the rows and cells of one table through content.xml, counting the repeated ones."""

    def __init__(self, sheet_name):
        self.sheet_name = sheet_name
        self.errors = {}
        self.active = False
        self.row = 1
        self.row_step = 1
        self.column = 0
        self.cell = None
        self.shown = ""

    def start(self, name, attributes):
        name = local(name)
        if name == "table":
            self.active = attributes.get("table:name") == self.sheet_name
            self.row = 1
        elif not self.active:
            return
        elif name == "table-row":
            self.row_step = int(attributes.get("table:number-rows-repeated") or 1)
            self.column = 0
        elif name in ("table-cell", "covered-table-cell"):
            self.cell = attributes
            self.shown = ""

    def text(self, text):
        if self.cell is not None:
            self.shown += text

    def end(self, name):
        name = local(name)
        if name == "table":
            self.active = False
        elif not self.active:
            return
        elif name == "table-row":
            self.row += self.row_step
        elif name in ("table-cell", "covered-table-cell"):
            self._end_cell()

    def _end_cell(self):
        cell, self.cell = self.cell, None
        error = None
        if cell.get("calcext:value-type") == "error":
            error = CellError("formula_error", self.shown[:30])
        elif "table:formula" in cell and "office:value-type" not in cell:
            error = CellError("no_cached_value")
        if error:
            self.errors[self.row, self.column] = error
        self.column += int(cell.get("table:number-columns-repeated") or 1)
