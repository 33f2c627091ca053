"""The other side of the comparisons: the same work done as the libraries' manuals show it, over the same tables."""

from collections.abc import Iterable, Sequence
from io import StringIO
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import connection
from import_export import resources
from import_export.formats.base_formats import XLSX

from portal.models import User
from residents.models import Enrollment, Resident, StatusChange

HEADERS = {"姓名": "full_name", "证件类型": "id_type", "证件号": "id_number", "手机号": "mobile"}


class StockAccounts(resources.ModelResource):
    """A plain django-import-export resource of persons; before and after each save it makes the other rows."""

    class Meta:
        model = Resident
        fields = ("id_type", "id_number", "full_name", "mobile")
        import_id_fields = ("id_number",)

    def __init__(self, *, base: Any, by: User, password: str | None) -> None:
        super().__init__()
        self.base = base
        self.by = by
        self.password = password

    def before_save_instance(self, instance: Resident, row: dict, **kwargs: Any) -> None:
        """The account. With a password it is hashed by the configured hasher, as User.objects.create_user does."""
        instance.user = User.objects.create(
            username=instance.id_number,
            role="resident",
            full_name=instance.full_name,
            mobile=instance.mobile,
            password=make_password(self.password),
        )

    def after_save_instance(self, instance: Resident, row: dict, **kwargs: Any) -> None:
        enrollment = Enrollment.objects.create(
            resident=instance, base=self.base, intake_year=int(row["招收年份"]), created_by=self.by
        )
        StatusChange.objects.create(enrollment=enrollment, to_status="1", changed_by=self.by)


def stock_import(
    content: bytes, *, base: Any, by: User, passes: int = 1, password: str | None = None
) -> None:
    """Read the workbook with the library's own reader and import it; two passes are its admin's dry run and import."""
    data = XLSX().create_dataset(content)
    data.headers = [HEADERS.get(header, header) for header in data.headers]
    resource = StockAccounts(base=base, by=by, password=password)
    for is_dry in (True, False) if passes == 2 else (False,):
        result = resource.import_data(data, dry_run=is_dry, raise_errors=True)
    if result.totals["new"] != len(data):
        raise RuntimeError("the stock side did not import every row")


def copy_straight(rows: Sequence[dict[str, Any]], *, base: Any, by: User) -> None:
    """The limit: the same four rows a person by COPY straight into the constrained, tracked tables, nothing checked.

    It loses the actor in the history, which is why the product goes through a temporary table.
    """
    with connection.cursor() as cursor:
        ids = {
            model: _reserve(cursor, model, len(rows)) for model in (User, Resident, Enrollment, StatusChange)
        }
        _copy(
            cursor,
            User,
            (
                {
                    "id": pk,
                    "username": row["id_number"],
                    "role": "resident",
                    "password": "!" + row["id_number"],
                }
                | {name: row[name] for name in ("full_name", "mobile")}
                for pk, row in zip(ids[User], rows, strict=True)
            ),
        )
        _copy(
            cursor,
            Resident,
            (
                {"id": pk, "user_id": user}
                | {name: row[name] for name in ("id_type", "id_number", "full_name", "name_key", "mobile")}
                for pk, user, row in zip(ids[Resident], ids[User], rows, strict=True)
            ),
        )
        _copy(
            cursor,
            Enrollment,
            (
                {
                    "id": pk,
                    "resident_id": resident,
                    "base_id": base.pk,
                    "created_by_id": by.pk,
                    "intake_year": row["intake_year"],
                }
                for pk, resident, row in zip(ids[Enrollment], ids[Resident], rows, strict=True)
            ),
        )
        _copy(
            cursor,
            StatusChange,
            (
                {"id": pk, "enrollment_id": enrollment, "to_status": "1", "changed_by_id": by.pk}
                for pk, enrollment in zip(ids[StatusChange], ids[Enrollment], strict=True)
            ),
        )


def _reserve(cursor: Any, model: type, count: int) -> list[int]:
    cursor.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, 'id')::regclass) FROM generate_series(1, %s)",
        [model._meta.db_table, count],
    )
    return [pk for (pk,) in cursor.fetchall()]


def _copy(cursor: Any, model: type, rows: Iterable[dict[str, Any]]) -> None:
    columns = [field.column for field in model._meta.concrete_fields]
    defaults = {
        field.column: field.get_db_prep_save(field.get_default(), connection)
        for field in model._meta.concrete_fields
        if not field.primary_key
    }
    text = StringIO()
    for row in rows:
        values = defaults | row
        text.write("\t".join("\\N" if (value := values[name]) is None else str(value) for name in columns))
        text.write("\n")
    text.seek(0)
    names = ", ".join(f'"{column}"' for column in columns)
    cursor.copy_expert(f'COPY "{model._meta.db_table}" ({names}) FROM STDIN', text)
