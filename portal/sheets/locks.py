"""Workbooks that are encrypted with the password every spreadsheet program knows. Runs in the reading child.

Excel encrypts so where only the structure of a workbook is protected, and opens it unasked.
"""

import tempfile

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_DEFAULT_PASSWORD = "VelvetSweatshop"  # nosec B105 # known to every Excel
_opened: list[object] = []  # temporary copies live as long as this process


def without_default_password(path: str) -> str:
    """The path of a readable copy of a workbook with the default password; of any other file its own path."""
    with open(path, "rb") as file:
        if file.read(8) != _OLE:
            return path
        # Most files need no cryptography, and the reading child must start at once.
        import msoffcrypto  # noqa: PLC0415

        copy = tempfile.NamedTemporaryFile(prefix="workbook-")  # noqa: SIM115  kept, see above
        try:
            book = msoffcrypto.OfficeFile(file)
            if not book.is_encrypted():
                return path
            book.load_key(password=_DEFAULT_PASSWORD, **_checked(book))
            book.decrypt(copy)
        except Exception:  # whatever is wrong with it, the inspection says so in plain words
            return path
        copy.flush()
        _opened.append(copy)
        return copy.name


def _checked(book: object) -> dict[str, bool]:
    """An .xlsx verifies the password on request, an .xls always."""
    return {"verify_password": True} if type(book).__name__ == "OOXMLFile" else {}  # nosec B105 # a switch
