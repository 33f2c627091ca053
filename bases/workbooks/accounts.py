"""账号模板: the workbook that brings residents in, row by row judged and written."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from django.utils import timezone

from bases import whereabouts
from bases.models import ImportBatch, TrainingBase
from bases.models.organisations import ReportingMode
from bases.workbooks.resource import WorkbookResource, column
from bases.workbooks.rows import (
    Applied,
    JudgedRow,
    Verdict,
    as_stored,
    has_errors,
    say_further,
    shown,
    unread,
)
from bases.workbooks.signs import tell
from portal.calendar import INTAKE_STEPS, Calendar
from portal.models import CollectionCycle, Step, User
from portal.sheets.reading import Table
from residents.catalogue.catalogue import Problem, problem
from residents.codes import CODE_LISTS
from residents.models import Enrollment
from residents.models.enrollment import Module
from residents.rules import account
from residents.rules.fields import Problems
from residents.rules.text import name_key
from residents.services.accounts import create_accounts
from residents.standing import COMES, NOBODY, AccountRow, Known, LeftBehind, Standing, left_behind, live_facts
from residents.two_types import under_another_type


class AccountResource(WorkbookResource):
    """账号模板: exactly five columns (BR-43)."""

    title = "账号模板"
    version = "账号模板 1"

    intake_year = column(account.INTAKE_YEAR)
    full_name = column(account.FULL_NAME, "resident__full_name")
    id_type = column(account.ID_TYPE, "resident__id_type")
    id_number = column(account.ID_NUMBER, "resident__id_number")
    mobile = column(account.MOBILE, "resident__mobile")


def account_template(*, cycle_year: int, module: str) -> bytes:
    """The empty account template of one module (BR-27): text cells, a list on 证件类型, the sheet 填写说明."""
    if module == Module.REGISTRY:
        example, years = cycle_year - 1, f"{account.FIRST_REGISTRY_YEAR}至{cycle_year - 1}"
        purpose = (
            f"补录漏报的往年住院医师（住院医师信息管理），招收年份为{years}；"
            f"{cycle_year}年招收的，在招收信息锁定之后补录。"
        )
    else:
        example = cycle_year
        purpose = f"导入{cycle_year}年招收的住院医师（招收信息管理），招收年份填{cycle_year}。"
    examples = {
        "intake_year": str(example),
        "id_type": "居民身份证",
    }
    notes = [
        f"用途：{purpose}",
        "一行一人，一次最多5000行。列的先后可以调整，请不要改动表头文字。",
        "所有单元格请保持文本格式：证件号如按数字输入，表格软件会丢失末尾数字，该行会被退回。",
        "证件号就是住院医师的登录账号，导入后证件类型和证件号不能修改。",
        "已在其他培训基地“在培”“延期”“暂停”“结束”的住院医师不能导入；转入的请先由原基地改为“退培”；"
        "已“结束”而要再次培训的，请用“请求转出”申请。",
        [("证件类型", "代码", "号码格式"), *_id_type_lines()],
    ]
    return AccountResource.template(examples=examples, notes=notes)


_NUMBER_FORMATS = {
    "01": "18位，末位可为X；15位旧号码会自动换算为18位",
    "03": "5至17位字母或数字",
    "04": "“×字第××××号”，或6至20位字母或数字",
    "06": "H 或 M 加8位或10位数字",
    "07": "8位数字，或10至12位字母或数字",
    "08": "18位，以810000或820000开头",
    "09": "18位，以830000开头",
    "10": "3个字母加12位数字，或以9开头的18位",
    "99": "1至20位；有身份证、护照等证件的请不要选此项",
}


def _id_type_lines() -> list[tuple[str, str, str]]:
    offered = CODE_LISTS["id_type"].offered
    return [(name, code, _NUMBER_FORMATS[code]) for code, name in offered.items()]


class AccountWorkbook:
    """账号模板: persons of one base (BR-43, BR-67)."""

    resource = AccountResource

    def template(
        self, records: Iterable[Enrollment], *, base: TrainingBase, module: str, cycle_year: int
    ) -> bytes:
        if module == Module.REGISTRY:
            cycle_year = first_untaken_year(base) or cycle_year
        return account_template(cycle_year=cycle_year, module=module)

    def judge(self, batch: ImportBatch, table: Table) -> Iterator[JudgedRow]:
        """All faults of every row at once: cells, the row, the rows against each other, what the platform knows."""
        read = [
            (number, record, *AccountResource.read(record, is_1904=table.is_1904))
            for number, record in table.records()
        ]
        base_id = cast(int, batch.base_id)  # a workbook of accounts is always a base's
        identified = list(_identified(read))
        known = whereabouts.ask(
            identified,
            base_id=base_id,
            by=cast(TrainingBase, batch.base),
            user=batch.uploaded_by,
            way="workbook",
        )
        unused = [each.resident_id for each in known.values() if each.is_unused and each.resident_id]
        left = left_behind(unused, base_id=base_id)
        doubles = under_another_type([row for row in identified if known[row.row].known in COMES])
        among = account.problems_of_rows((number, values) for number, _, values, _ in read)
        context = {
            "module": batch.module,
            "today": timezone.localdate(),
            "cycle_year": batch.cycle.year,
            "doors": doors(cast(TrainingBase, batch.base)),
        }
        for number, record, values, found in read:
            standing = known.get(number, NOBODY)
            context |= _person_facts(standing, values, base_id)
            unreadable = unread(found)
            for more in (
                account.problems(values, context),
                among.get(number, {}),
                _standing_problems(standing),
                _left_problems(left.get(standing.resident_id or 0), values),
                {"id_number": [problem(account.TWO_TYPES)]} if number in doubles else {},
            ):
                say_further(found, more, unreadable=unreadable)
            found = _without_needless(found)
            if batch.module == Module.REGISTRY and standing.kept_year is not None:
                values["intake_year"] = standing.kept_year
            yield JudgedRow(
                number,
                {header: text for header, value in record.items() if (text := shown(value))},
                values,
                _verdict(found, standing),
                as_stored(found, AccountResource, table.letter) if found else [],
                standing.record_here,
            )

    def apply(self, batch: ImportBatch, rows: Sequence[tuple[int, dict]], *, by: User) -> Applied:
        """Bring the rows in. Whoever came in by another way since the check is marked so in his row (AM-27)."""
        tell("正在导入：写入账号")
        created = create_accounts(
            [AccountRow(number, **values) for number, values in rows],
            base=batch.base,
            module=batch.module,
            batch=batch,
            by=by,
        )
        applied = Applied()
        letters, sent = {header: column for column, header in batch.headers}, dict(rows)
        others = whereabouts.tell(created.others, by=cast(TrainingBase, batch.base), user=by, way="workbook")
        for number, standing in others.items():
            found = _standing_problems(standing)
            for name, problems in _overtaken(batch, sent[number], standing).items():
                found.setdefault(name, []).extend(problems)
            found = _without_needless(found)
            applied.changed[number] = (
                _verdict(found, standing),
                as_stored(found, AccountResource, letters.get),
                standing.record_here,
            )
        return applied


def _identified(read: Iterable[tuple[int, dict, dict, Problems]]) -> Iterator[AccountRow]:
    """The rows whose person can be looked up."""
    for number, _, values, _ in read:
        if values.get("id_number") and values.get("id_type"):
            yield AccountRow(
                number,
                values.get("intake_year"),
                values.get("full_name") or "",
                values["id_type"],
                values["id_number"],
                values.get("mobile"),
            )


def _overtaken(batch: ImportBatch, values: dict[str, Any], standing: Standing) -> Problems:
    """What speaks against a row that was good at its check: live by now, or the registry's by now."""
    year = {"intake_year": values.get("intake_year")}
    facts = _person_facts(standing, values, cast(int, batch.base_id))
    opened = {"cycle_year": batch.cycle.year, "doors": doors(cast(TrainingBase, batch.base))}
    context = {"module": batch.module, **opened, **facts}
    return account.problems(year, context)


def doors(base: TrainingBase) -> dict[int, account.Door]:
    """Which module takes a recruit of each cycle's year at this base now, as account.problems asks it (AM-31, AM-42);
    three queries."""
    cycles = list(CollectionCycle.objects.order_by("-year"))
    place: dict[str, Any] = {"province_id": base.province_id, "base_id": base.pk}
    calendar = Calendar(cycles, provinces=[base.province_id], bases=[base.pk])
    is_direct = base.province.reporting_mode != ReportingMode.API
    found: dict[int, account.Door] = {}
    for cycle in cycles:
        locks = calendar.last_end(cycle, INTAKE_STEPS, **place)
        intake = calendar.opening(cycle, Step.BASE_FILL, **place)
        # A year that was never opened is over as soon as a later one is.
        is_locked = locks <= calendar.now if locks else any(door.registry_takes for door in found.values())
        found[cycle.year] = account.Door(
            intake_is_open=is_direct and intake.is_open,
            registry_takes=is_locked,
            intake_opens=_in_words(intake.opens_at) if is_direct else None,
            registry_opens=_in_words(locks),
        )
    return found


def first_untaken_year(base: TrainingBase) -> int | None:
    """The first year whose recruits the registry does not take from this base yet."""
    return min((year for year, door in doors(base).items() if not door.registry_takes), default=None)


def _in_words(moment: datetime | None) -> str | None:
    """A moment that is still to come."""
    if moment is None or moment <= timezone.now():
        return None
    return f"{timezone.localtime(moment):%Y年%-m月%-d日 %H:%M}"


def _person_facts(standing: Standing, values: dict[str, Any], base_id: int) -> dict[str, Any]:
    live = standing.live
    return {
        "live_enrollment": live and live_facts(live, is_same_base=live.base_id == base_id),
        "has_original": values.get("intake_year") in standing.originals,
        "kept_year": standing.kept_year,
    }


def _standing_problems(standing: Standing) -> Problems:
    found: dict[str, list[Problem]] = {}
    if code := account.WHO_IS_WHO.get(standing.known.value):
        found["id_number"] = [problem(code)]
    if standing.known is Known.HERE and standing.differences:
        found["id_number"] = [problem("already_here_differs", columns="、".join(standing.differences))]
        if "姓名" in standing.differences:
            found["id_number"].append(problem("name_differs_here"))
    if standing.known is Known.FREE and not standing.is_unused:
        found["id_number"] = [problem("account_reused")]
        if standing.keeps_mobile:
            found["mobile"] = [problem("mobile_kept")]
    return found


def _left_problems(left: LeftBehind | None, values: dict[str, Any]) -> Problems:
    """What an account that nobody used says of a row that takes it over: the name that goes, and that it doesn't open
    like a new one (TRUST-59)."""
    found: list[Problem] = []
    named = values.get("full_name")
    if left and left.name and named and name_key(named) != name_key(left.name):
        found.append(problem("account_other_name", name=left.name))
    if left and left.is_filled:
        found.append(problem("account_needs_code"))
    return {"id_number": found} if found else {}


def _without_needless(found: Problems) -> Problems:
    """Nothing that is true of rows that go in beside an error, and one word about a person who is here already."""
    codes = {each.code for problems in found.values() for each in problems}
    if has_errors(found):
        needless = account.OF_GOOD_ROWS
    else:
        needless = frozenset({"already_here"} if "already_here_differs" in codes else ())
    kept = {
        name: [each for each in problems if each.code not in needless] for name, problems in found.items()
    }
    return {name: problems for name, problems in kept.items() if problems}


def _verdict(found: Problems, standing: Standing) -> str:
    if has_errors(found):
        return Verdict.REFUSED
    return Verdict.UNCHANGED if standing.known is Known.HERE else Verdict.CREATE
