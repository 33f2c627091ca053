"""Builders of workbook files, down to the XML and the sector, for what no library would write."""

import io
import random
import struct
import zipfile

from msoffcrypto.format.ooxml import OOXMLFile

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLES = (
    f'<styleSheet xmlns="{MAIN}"><numFmts count="6"><numFmt numFmtId="170" formatCode="[$-804]yyyy&quot;年&quot;m"/>'
    '<numFmt numFmtId="171" formatCode="[h]:mm"/><numFmt numFmtId="172" formatCode="[DBNum1][$-804]General"/>'
    '<numFmt numFmtId="173" formatCode="[$-804]00000000;-0"/><numFmt numFmtId="174" formatCode="&quot;0&quot;#"/>'
    '<numFmt numFmtId="175" formatCode="0000&quot;年&quot;"/></numFmts>'
    '<fonts count="3"><font/><font><strike/></font><font><strike val="0"/></font></fonts>'
    '<fills count="1"><fill/></fills><borders count="1"><border/></borders>'
    '<cellStyleXfs count="1"><xf/></cellStyleXfs><cellXfs count="12"><xf numFmtId="0"/><xf numFmtId="14"/>'
    '<xf numFmtId="22"/><xf numFmtId="21"/><xf numFmtId="170"/><xf numFmtId="171"/><xf numFmtId="172"/>'
    '<xf numFmtId="173"/><xf numFmtId="174"/><xf numFmtId="175"/><xf fontId="1"/><xf fontId="2"/></cellXfs>'
    "</styleSheet>"
)
GENERAL, DATE, DATETIME, TIME, CHINESE_MONTH, ELAPSED, ODD, PADDED, ZERO_FIRST, YEAR, STRUCK, NOT_STRUCK = (
    range(12)
)
DEFAULT = "VelvetSweatshop"  # with it Excel encrypts a workbook whose structure is protected
DOCTYPE = '<!DOCTYPE x [<!ENTITY canary SYSTEM "http://127.0.0.1:9/canary">]>'


def text(reference, content, style=0):
    return f'<c r="{reference}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{content}</t></is></c>'


def number(reference, content, style=0):
    return f'<c r="{reference}" s="{style}"><v>{content}</v></c>'


def row(index, *cells):
    return f'<row r="{index}">{"".join(cells)}</row>'


def texts(index, *contents):
    """A row of texts from column A on; None leaves a cell out."""
    return row(
        index, *(text(f"{chr(65 + i)}{index}", content) for i, content in enumerate(contents) if content)
    )


def sheet(*rows, before="", after="", prolog=""):
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<worksheet xmlns="{MAIN}">{before}'
        f"<sheetData>{''.join(rows)}</sheetData>{after}</worksheet>"
    )


def pack(parts, method=zipfile.ZIP_DEFLATED):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parts(*sheets, workbook_properties="", views="", extra=None):
    """The parts of an .xlsx by name. A sheet is its XML, or (name, attributes, XML)."""
    named = [
        one if isinstance(one, tuple) else (f"Sheet{place}", "", one) for place, one in enumerate(sheets, 1)
    ]
    listed = "".join(
        f'<sheet name="{name}" sheetId="{place}" {attributes} r:id="rId{place}"/>'
        for place, (name, attributes, _) in enumerate(named, 1)
    )
    relations = "".join(
        f'<Relationship Id="rId{place}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{place}.xml"/>'
        for place in range(1, len(named) + 1)
    )
    found = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        f'<Default Extension="xml" ContentType="{TYPE}.worksheet+xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{TYPE}.styles+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="rId1" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}"><workbookPr {workbook_properties}/>'
        f"{views}<sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">{relations}'
        f'<Relationship Id="rId99" Type="{OFFICE}/styles" Target="styles.xml"/>'
        f'<Relationship Id="rId98" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/styles.xml": STYLES,
        "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}"/>',
    }
    for place, (_, _, xml) in enumerate(named, 1):
        found[f"xl/worksheets/sheet{place}.xml"] = xml
    return found | (extra or {})


def xlsx(*sheets, **options):
    return pack(parts(*sheets, **options))


def ods(*rows, mimetype="application/vnd.oasis.opendocument.spreadsheet", styles="", extra=None):
    names = "".join(
        f' xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"'
        for prefix in ("office", "table", "text", "style")
    )
    content = (
        f"<office:document-content{names}>"
        f"<office:automatic-styles>{styles}</office:automatic-styles><office:body>"
        f'<office:spreadsheet><table:table table:name="S">{"".join(rows)}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'
    found = {"mimetype": mimetype, "META-INF/manifest.xml": manifest, "content.xml": content}
    return pack(found | (extra or {}))


def ods_row(*contents, repeated=1):
    cells = "".join(
        f'<table:table-cell office:value-type="string"><text:p>{content}</text:p></table:table-cell>'
        for content in contents
    )
    return f'<table:table-row table:number-rows-repeated="{repeated}">{cells}</table:table-row>'


def ole(name, content=b"\x00" * 4096):
    """A compound file with one stream."""
    content += b"\x00" * (-len(content) % 512)
    sectors = len(content) // 512
    chain = [*range(3, sectors + 2), 0xFFFFFFFE]
    table = [0xFFFFFFFD, 0xFFFFFFFE, *chain]
    table += [0xFFFFFFFF] * (128 - len(table))
    head = bytes.fromhex("d0cf11e0a1b11ae1") + b"\x00" * 16
    head += struct.pack(
        "<HHHHH6xIIIIIIIIII", 0x3E, 3, 0xFFFE, 9, 6, 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0
    )
    head += struct.pack("<108I", *[0xFFFFFFFF] * 108)
    entries = _entry("Root Entry", 5, 0xFFFFFFFE, 0, child=1) + _entry(name, 2, 2, len(content))
    return head + struct.pack("<128I", *table) + entries.ljust(512, b"\x00") + content


def _entry(name, kind, start, size, child=0xFFFFFFFF):
    label = name.encode("utf-16-le") + b"\x00\x00"
    return (
        label.ljust(64, b"\x00")
        + struct.pack("<HBBIII", len(label), kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
        + b"\x00" * 36
        + struct.pack("<IQ", start, size)
    )


def declare_small(archive, name):
    """The archive with the unpacked size of a part falsified to 100 bytes in both of its records."""
    raw = bytearray(archive)
    for signature, offset, name_offset in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        place = raw.find(signature)
        while place >= 0:
            if raw[place + name_offset :].startswith(name.encode()):
                raw[place + offset : place + offset + 4] = struct.pack("<I", 100)
            place = raw.find(signature, place + 4)
    return bytes(raw)


def set_bit(content, kind, place, byte, bit):
    """Sets a bit of a byte in the body of the `place`-th record of a kind in an .xls, changed where it is."""
    # LibreOffice writes the workbook's stream in one piece, which begins with this mark.
    offset = content.index(bytes.fromhex("0908100000060500"))
    while offset + 4 <= len(content):
        found, size = struct.unpack_from("<HH", content, offset)
        if found == kind:
            if place == 0:
                content[offset + 4 + byte] |= bit
                return
            place -= 1
        offset += 4 + size
    raise AssertionError("no such record")


def locked(content, password):
    """The workbook encrypted with a password, and made longer first: the library writes short ones wrongly."""
    longer, buffer = io.BytesIO(content), io.BytesIO()
    with zipfile.ZipFile(longer, "a") as archive:
        archive.writestr("docProps/noise.bin", random.Random(1).randbytes(8192))
    OOXMLFile(longer).encrypt(password, buffer)
    return buffer.getvalue()
