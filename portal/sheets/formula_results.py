"""The results of formulas, which openpyxl leaves out of what it writes. Runs in the annotating child.

Without them a copy that is sent again without having been opened would hold formulas nobody has worked out.
"""

import re
import zipfile
from io import BytesIO

from portal.sheets.xlsx_parts import XlsxParts

_CELL = re.compile(rb"<c\s([^>]*)><f[\s>/].*?</c>", re.DOTALL)
_REFERENCE, _TYPE = re.compile(rb'(?:^|\s)r="([A-Z]+[0-9]+)"'), re.compile(rb'(?:^|\s)t="(\w+)"')
_RESULT = re.compile(rb"<v[^>]*>([^<]+)</v>")
_WITHOUT = re.compile(rb'<c r="([A-Z]+[0-9]+)"([^>]*)>(<f[^>]*>[^<]*</f>)<v ?(?:/>|></v>)</c>')


def with_results(path: str, written: bytes) -> bytes:
    """The workbook `written` (bytes) with the results that the formulas have in the workbook at `path`."""
    with zipfile.ZipFile(path) as before, zipfile.ZipFile(BytesIO(written)) as after:
        old, new = XlsxParts(before), XlsxParts(after)
        filled = {}
        for name in new.sheet_names():
            results = _results(old.sheet_xml(name))
            part = new.part_of(name)
            if results and part:
                filled[part] = _filled(new.sheet_xml(name), results)
        return _repacked(after, filled) if filled else written


def _results(xml: bytes) -> dict[bytes, tuple[bytes, bytes]]:
    """Reference → (type, result) of every formula cell that has one; none in an encoding that isn't openpyxl's."""
    found: dict[bytes, tuple[bytes, bytes]] = {}
    if b"encoding=" in xml[:100] and b"utf-8" not in xml[:100].lower():
        return found
    for cell in _CELL.finditer(xml):
        reference, kind, result = _REFERENCE.search(cell[1]), _TYPE.search(cell[1]), _RESULT.search(cell[0])
        if reference and result:
            found[reference[1]] = kind[1] if kind else b"n", result[1]
    return found


def _filled(xml: bytes, results: dict[bytes, tuple[bytes, bytes]]) -> bytes:
    def fill(cell: re.Match[bytes]) -> bytes:
        kind, result = results.get(cell[1], (b"", b""))
        if not kind:
            return cell[0]
        attributes = _TYPE.sub(b"", cell[2])
        return b'<c r="%b"%b t="%b">%b<v>%b</v></c>' % (cell[1], attributes, kind, cell[3], result)

    return _WITHOUT.sub(fill, xml)


def _repacked(archive: zipfile.ZipFile, filled: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for part in archive.infolist():
            target.writestr(part, filled.get(part.filename) or archive.read(part))
    return buffer.getvalue()
