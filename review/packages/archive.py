"""The zip of an edition, member by member, none held as a whole; its own check lies in it (GOAL-N8)."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

from django.core.files.storage import default_storage
from django.db.models.fields.json import KeyTextTransform, KeyTransform
from django.utils import timezone

from portal.sheets.streaming import stream_xlsx, stream_zip
from review.editions.canonical import COLUMNS
from review.models import Edition, EditionPerson
from review.packages.tables import Table, persons_of, tables_of, written

VERIFY = Path(__file__).with_name("verify.py")
_README = """{edition}
截止日 {facts_on}，入库截点 {taken_at}
SHA-256 {sha256}

核对：在有 Python 3 的电脑上解压后运行
    python3 verify.py
或连同公布的校验值一起核对
    python3 verify.py --sha256 {sha256}

tables/ 各统计表（csv 与 xlsx）　codes.csv 代码表　definitions.csv 统计口径
checks.csv 复算记录　revisions.csv 各版与勘误　signoffs.csv 签署
persons.csv 名单、photos/ 照片：仅在写明用途并有权限时包含
datapackage.json 各表的列与类型（Frictionless Data Package）
校验值的算法：名单每行按 edition.json 的 columns 取文本，写成 JSON 数组，取 SHA-256；
首行与各行的 SHA-256 依次相接，再取 SHA-256。
"""


class _Package:
    """What has been written so far: the sums of files and lines, the resources of datapackage.json."""

    def __init__(self, edition: Edition, watch: Callable[[Iterator[list]], Iterator[list]]) -> None:
        self.edition = edition
        self.watch = watch
        self.sums: list[tuple[str, str]] = []
        self.lines: list[tuple[str, int, str]] = []
        self.resources: list[dict[str, Any]] = []

    def member(self, path: str, content: Iterable[bytes]) -> tuple[str, Iterator[bytes]]:
        return path, self._summed(path, content)

    def _summed(self, path: str, content: Iterable[bytes]) -> Iterator[bytes]:
        whole = hashlib.sha256()
        for piece in content:
            whole.update(piece)
            yield piece
        self.sums.append((path, whole.hexdigest()))

    def table(self, table: Table) -> tuple[str, Iterator[bytes]]:
        return self.member(table.path, self._csv(table))

    def _csv(self, table: Table) -> Iterator[bytes]:
        whole, size, rows, line_number = hashlib.sha256(), 0, -1, 0
        values = self.watch(table.rows()) if table.is_personal else table.rows()
        lines = _csv_lines(list(table.columns), values)
        for line in lines:
            rows += 1
            if not table.is_personal:
                for physical in line.rstrip(b"\n").split(b"\n"):
                    line_number += 1
                    self.lines.append((table.path, line_number, hashlib.sha256(physical).hexdigest()[:16]))
            whole.update(line)
            size += len(line)
            yield line
        self.resources.append(
            {
                "name": table.path.removesuffix(".csv").replace("/", "-"),
                "title": table.title,
                "path": table.path,
                "profile": "tabular-data-resource",
                "format": "csv",
                "mediatype": "text/csv",
                "encoding": "utf-8",
                "bytes": size,
                "hash": f"sha256:{whole.hexdigest()}",
                "rows": rows,
                "schema": table.schema,
            }
        )


def _csv_lines(headers: list[str], values: Iterator[list[Any]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(headers)
    yield buffer.getvalue().encode()
    for row in values:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([written(value) for value in row])
        yield buffer.getvalue().encode()


def stream(
    edition: Edition,
    *,
    with_persons: bool,
    with_photos: bool = False,
    watch: Callable[[Iterator[list]], Iterator[list]] = lambda rows: rows,
) -> Iterator[bytes]:
    """The bytes of the package; `watch` is handed the rows of persons as they are written."""
    package = _Package(edition, watch)
    return stream_zip(_members(package, with_persons=with_persons, with_photos=with_photos))


def _members(
    package: _Package, *, with_persons: bool, with_photos: bool
) -> Iterator[tuple[str, Iterable[bytes]]]:
    edition = package.edition
    for table in tables_of(edition):
        yield package.table(table)
        if table.path.startswith("tables/"):
            rows = ([_cell(value) for value in row] for row in table.rows())
            content = stream_xlsx(list(table.columns.values()), rows, sheet_name="数据")
            yield package.member(table.path.replace(".csv", ".xlsx"), content)
    if with_persons:
        yield package.table(persons_of(edition))
    if with_persons and with_photos:
        yield from _photos(package)
    yield package.member("edition.json", [_json(_edition(edition))])
    yield package.member("README.txt", [_readme(edition)])
    yield package.member("verify.py", [VERIFY.read_bytes()])
    about = {
        "profile": "tabular-data-package",
        "name": f"edition-{edition.year}-{edition.number}",
        "title": str(edition),
        "version": f"{edition.year}.{edition.number}",
        "created": edition.frozen_at.astimezone(UTC).isoformat(timespec="seconds"),
        "hash": f"sha256:{edition.sha256}",
        "resources": package.resources,
    }
    yield package.member("datapackage.json", [_json(about)])
    lines = (f"{path}\t{number}\t{digest}\n" for path, number, digest in package.lines)
    yield package.member("ROWSUMS", (line.encode() for line in lines))
    # Last, when all the others are summed.
    yield "SHA256SUMS", ["".join(f"{digest}  {path}\n" for path, digest in package.sums).encode()]


def _photos(package: _Package) -> Iterator[tuple[str, Iterable[bytes]]]:
    """The photos as reported, named by their persons; who has none that can be read is told in photos.csv."""
    found: list[list[Any]] = []
    people = (
        EditionPerson.objects.filter(edition=package.edition)
        .order_by("resident_id")
        .values_list("resident_id", KeyTextTransform("photo", KeyTransform("basic", "submission__snapshot")))
    )
    for person, stored in people.iterator():
        if not stored or not default_storage.exists(stored):
            found.append([person, "", "", "没有照片" if not stored else "文件缺失"])
            continue
        with default_storage.open(stored) as file:
            content = file.read()
        path = f"photos/{person}{Path(stored).suffix or '.jpg'}"
        found.append([person, path, hashlib.sha256(content).hexdigest(), ""])
        yield package.member(path, [content])
    columns = {"resident_id": "人员序号", "path": "文件", "sha256": "SHA-256", "remark": "说明"}
    yield package.table(Table("photos.csv", "照片", columns, lambda: iter(found), ("resident_id",)))


def _edition(edition: Edition) -> dict[str, Any]:
    ordered = edition.order
    return {
        "year": edition.year,
        "number": edition.number,
        "kind": ordered.kind,
        "format": edition.versions["format"],
        "rules": edition.versions["rules"],
        "lists": edition.versions["lists"],
        "facts_on": ordered.facts_on.isoformat(),
        "taken_at": ordered.taken_at.astimezone(UTC).isoformat(timespec="microseconds"),
        "frozen_at": edition.frozen_at.astimezone(UTC).isoformat(timespec="seconds"),
        "sha256": edition.sha256,
        "persons": edition.persons,
        "counts": edition.counts,
        "bases": edition.bases,
        "columns": list(COLUMNS),
        "supersedes": ordered.supersedes.number if ordered.supersedes else None,
        "reason": ordered.reason,
    }


def _readme(edition: Edition) -> bytes:
    ordered = edition.order
    return _README.format(
        edition=edition,
        facts_on=ordered.facts_on,
        taken_at=f"{timezone.localtime(ordered.taken_at):%Y-%m-%d %H:%M:%S}",
        sha256=edition.sha256,
    ).encode()


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=2).encode() + b"\n"


def _cell(value: Any) -> Any:
    return value if isinstance(value, int) else written(value)
