"""GOAL-P9: the quality list – what is found, who sees it, what a mark is worth."""

import datetime
import io
import itertools

import openpyxl
import pytest
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone
from django_tasks import default_task_backend

from portal.models import AuditEvent
from residents.models import BasicInfo, CertificateInfo, EducationRecord, Enrollment, StatusChange
from review.models import Export, QualityFinding, QualityMark
from review.quality import services as quality
from tests import factories

pytestmark = pytest.mark.django_db
DATE = datetime.date
# People of one name, birth date and almost one number would be found as duplicates.
HAN = map(chr, itertools.count(0x4E00))


@pytest.fixture
def started(base):
    """A function: one record that nothing is odd about, with other columns where asked."""

    def make(base=base, person=None, **columns) -> Enrollment:
        values = {
            "intake_year": 2025,
            "actual_start_date": DATE(2025, 9, 1),
            "planned_end_date": DATE(2028, 9, 1),
            "approved_years": 3,
            "trainee_type": "3",
            **columns,
        }
        return factories.EnrollmentFactory(
            resident=person or factories.ResidentFactory(full_name=f"学员{next(HAN)}"), base=base, **values
        )

    return make


def found() -> list[tuple[str, str]]:
    quality.recheck()
    return list(QualityFinding.objects.order_by("kind", "pk").values_list("kind", "detail"))


def test_nothing_is_found_in_sound_records(started):
    """GOAL-P9: sound records earn no finding."""
    for _ in range(3):
        started()
    assert found() == []


@pytest.mark.parametrize(
    ("columns", "kind", "detail"),
    [
        (
            {"planned_end_date": DATE(2025, 9, 1)},
            "end_before_start",
            "培训开始 2025-09-01，预计结束 2025-09-01。",
        ),
        (
            {"actual_start_date": DATE(2024, 10, 31), "planned_end_date": DATE(2027, 10, 31)},
            "start_outside_year",
            "2025 年招收，培训开始 2024-10-31。",
        ),
        (
            {"actual_start_date": DATE(2025, 11, 1), "planned_end_date": DATE(2028, 11, 1)},
            "start_outside_year",
            "2025 年招收，培训开始 2025-11-01。",
        ),
        (
            {"planned_end_date": DATE(2028, 11, 3)},
            "duration",
            "核定 3 年，培训开始 2025-09-01，预计结束 2028-11-03。",
        ),
        (
            {"approved_years": 2, "planned_end_date": DATE(2027, 9, 1), "current_degree": "1"},
            "years",
            "核定 2 年，按人员类型和学位通常为 3 年。",
        ),
    ],
)
def test_odd_training_dates_are_found(started, columns, kind, detail):
    """GOAL-P9: impossible dates and duration against 核定年限 (docs/fields.md#training)."""
    started(**columns)
    assert found() == [(kind, detail)]


@pytest.mark.parametrize(
    "columns",
    [
        {"actual_start_date": DATE(2024, 11, 1), "planned_end_date": DATE(2027, 11, 1)},
        {"actual_start_date": DATE(2025, 10, 31), "planned_end_date": DATE(2028, 10, 31)},
        {"planned_end_date": DATE(2028, 11, 2)},
        {
            "approved_years": 2,
            "planned_end_date": DATE(2027, 9, 1),
            "current_degree": "1",
            "reduction_reason": "3",
        },
        {"actual_start_date": DATE(2026, 5, 1), "planned_end_date": DATE(2029, 5, 1), "origin": "transfer"},
    ],
)
def test_dates_at_the_limit_are_sound(started, columns):
    """GOAL-P9: the first and last day of the year of registration, the last day of grace, a reason that explains; and
    who changed base or specialty keeps his year and begins when he came (AM-48)."""
    started(**columns)
    assert found() == []


def test_end_that_came_early_is_found(started):
    """GOAL-P9: an actual end more than two months before the approved years; one day later is sound."""
    early, sound = started(status="4"), started(status="4")
    for record, day in ((early, DATE(2028, 6, 29)), (sound, DATE(2028, 6, 30))):
        StatusChange.objects.create(
            enrollment=record,
            from_status="1",
            to_status="4",
            reason="41",
            effective_date=day,
            ended_on=day,
            ended_result="1",
        )
    assert found() == [("duration", "核定 3 年，培训开始 2025-09-01，实际结束 2028-06-29。")]


def test_training_before_graduation_is_found(started):
    """GOAL-P9: training start before graduation; a master student trains before his degree."""
    odd, student = started(), started(trainee_type="4")
    EducationRecord.objects.create(resident=odd.resident, level="3", graduation_date=DATE(2026, 6, 30))
    EducationRecord.objects.create(resident=odd.resident, level="4", graduation_date=DATE(2029, 6, 30))
    EducationRecord.objects.create(resident=student.resident, level="4", graduation_date=DATE(2028, 6, 30))
    assert found() == [("start_before_graduation", "培训开始 2025-09-01，早于本科毕业 2026-06-30。")]


def test_age_at_the_start_is_found_from_the_number_or_the_form(started):
    """GOAL-P9: age outside 18 to 65 at training start; the birthday itself counts."""
    started(person=factories.ResidentFactory(id_number=factories.id_number(birth=DATE(2007, 9, 2))))
    started(person=factories.ResidentFactory(id_number=factories.id_number(birth=DATE(2007, 9, 1))))
    foreigner = factories.ResidentFactory(id_type="03", id_number="E12345678", full_name="MARIA SILVA")
    BasicInfo.objects.create(resident=foreigner, birth_date=DATE(1950, 1, 1))
    started(person=foreigner)
    assert found() == [
        ("age", "培训开始 2025-09-01 时为 17 岁。"),
        ("age", "培训开始 2025-09-01 时为 75 岁。"),
    ]


def test_same_person_with_a_near_number_is_found_across_provinces(started, base):
    """GOAL-P9: duplicates across bases and provinces; the neighbour's base and year are named, not the person
    (AM-28)."""
    far = factories.TrainingBaseFactory(province_id="44", name="广东省人民医院")
    one = factories.ResidentFactory(full_name="林静", id_number="330102199503124526")
    two = factories.ResidentFactory(full_name="林静", id_number="330102199503124258")
    other = factories.ResidentFactory(full_name="林静", id_number="440103199503129999")
    started(person=one), started(person=two, base=far, intake_year=2025), started(person=other)
    said = "姓名和出生日期相同、证件号相近的另有 1 人："
    assert found() == [
        ("same_person", f"{said}广东省人民医院（2025年）。"),
        ("same_person", f"{said}{base.name}（2025年）。"),
    ]


def test_one_person_under_two_types_is_found_without_naming_a_base(started, base):
    """AM-36: both records' provinces get an entry; no base or number is told across bases."""
    far = factories.TrainingBaseFactory(province_id="44", name="广东省人民医院")
    one = factories.ResidentFactory(full_name="林静", mobile="13800002222")
    two = factories.ResidentFactory(
        full_name="林静", mobile="13800002222", id_type="03", id_number="K12345678"
    )
    other = factories.ResidentFactory(full_name="林静", id_type="06", id_number="H12345678")
    started(person=one), started(person=two, base=far, intake_year=2025), started(person=other)
    said = "姓名和手机号相同、证件类型不同的另有 1 人。"
    assert [each for each in found() if each[0] == "two_types"] == [("two_types", said)] * 2


def test_same_mobile_and_certificate_are_found(started, base):
    """GOAL-P9: one mobile on several persons, one certificate number on several persons."""
    people = [factories.ResidentFactory(full_name=name, mobile="13800001111") for name in ("郑一", "王二")]
    for person in people:
        started(person=person)
        CertificateInfo.objects.create(resident=person, license_no="110330102000123")
    place = f"{base.name}（2025年）"
    assert found() == [
        ("same_certificate", f"共 2 人填写了同一医师执业证书编号：{place}、{place}。"),
        ("same_certificate", f"共 2 人填写了同一医师执业证书编号：{place}、{place}。"),
        ("same_mobile", f"共 2 人使用同一手机号：{place}、{place}。"),
        ("same_mobile", f"共 2 人使用同一手机号：{place}、{place}。"),
    ]


def make_intake(base, year: int, number: int) -> None:
    for _ in range(number):
        person = factories.ResidentFactory(full_name=f"学员{next(HAN)}")
        factories.EnrollmentFactory(resident=person, base=base, intake_year=year)


def test_jump_of_a_base_is_found_from_the_factor_on(cycle, base, other_base):
    """GOAL-P9: from twice as many on, and at least twenty people apart."""
    year = cycle.year
    make_intake(base, year - 1, 20), make_intake(base, year, 40)
    make_intake(other_base, year - 1, 21), make_intake(other_base, year, 41)
    assert found() == [("jump", f"{year} 年招收 40 人，{year - 1} 年 20 人。")]


def test_drop_of_a_base_counts_only_after_filling_has_closed(cycle, base):
    """GOAL-P9: while bases still import, few accounts are no sign."""
    make_intake(base, cycle.year - 1, 40), make_intake(base, cycle.year, 20)
    assert found() == []
    cycle.windows.update(closes_at=timezone.now() - datetime.timedelta(hours=1))
    assert found() == [("jump", f"{cycle.year} 年招收 20 人，{cycle.year - 1} 年 40 人。")]


def test_deleted_and_lapsed_records_earn_nothing(started):
    """GOAL-P9: what no longer counts is not looked at."""
    now = timezone.now()
    started(planned_end_date=DATE(2025, 1, 1), deleted_at=now, deleted_reason="重复")
    started(planned_end_date=DATE(2025, 1, 1), lapsed_at=now)
    assert found() == []


@pytest.fixture
def odd(started):
    started(planned_end_date=DATE(2028, 12, 1))
    quality.recheck()
    return QualityFinding.objects.get()


def test_mark_takes_the_finding_off_the_open_list_and_says_who_and_why(odd, provincial_reviewer, signed_in):
    """GOAL-P9: "已核实" with reason, by whom and when."""
    client = signed_in(provincial_reviewer)
    answer = client.post(
        reverse("review:quality-verify", args=[odd.pk]) + "?kind=duration",
        {"fingerprint": odd.fingerprint, "reason": "产假顺延，已核对"},
    )
    assert answer.url == reverse("review:quality") + "?kind=duration"
    assert client.get(reverse("review:quality")).context["page"].count == 0
    row = client.get(reverse("review:quality"), {"state": "verified"}).context["rows"][0]
    assert (row.mark.reason, row.mark.marked_by) == ("产假顺延，已核对", provincial_reviewer)
    event = AuditEvent.objects.get(action="quality_verify")
    assert (event.actor, event.detail["subject"]) == (provincial_reviewer, odd.subject)


def test_mark_falls_away_when_the_facts_change_and_only_then(odd, provincial_reviewer):
    """GOAL-P9: a mark is worth the facts it was made for."""
    quality.verify(odd, fingerprint=odd.fingerprint, reason="已核对", by=provincial_reviewer)
    quality.recheck()
    assert quality.findings(provincial_reviewer, {}).count() == 0
    odd.enrollment.planned_end_date = DATE(2029, 1, 1)
    odd.enrollment.save()
    quality.recheck()
    assert [row.detail for row in quality.findings(provincial_reviewer, {})] == [
        "核定 3 年，培训开始 2025-09-01，预计结束 2029-01-01。"
    ]
    odd.enrollment.planned_end_date = DATE(2028, 9, 1)
    odd.enrollment.save()
    quality.recheck()
    assert quality.findings(provincial_reviewer, {"state": "all"}).count() == 0


def test_mark_for_facts_of_before_is_refused_with_a_message(odd, provincial_reviewer, signed_in):
    """GOAL-P9, TRUST-43: what was shown is what is marked."""
    answer = signed_in(provincial_reviewer).post(
        reverse("review:quality-verify", args=[odd.pk]),
        {"fingerprint": "old", "reason": "已核对"},
        follow=True,
    )
    assert [str(message) for message in answer.context["messages"]] == [
        "该记录的情况已经变化，请核对新的内容后再标记。"
    ]
    assert QualityMark.objects.count() == 0


def test_mark_can_be_taken_back(odd, national_officer, signed_in):
    """GOAL-P9: both acts stay in the audit log."""
    quality.verify(odd, fingerprint=odd.fingerprint, reason="已核对", by=national_officer)
    signed_in(national_officer).post(reverse("review:quality-reopen", args=[odd.pk]))
    assert QualityMark.objects.count() == 0
    acts = AuditEvent.objects.filter(action__startswith="quality").order_by("pk")
    assert [event.action for event in acts] == ["quality_verify", "quality_reopen"]


def test_mark_needs_the_right_to_act(odd, province, other_province_reviewer, signed_in):
    """TRUST-25, TRUST-27: another province gets 404, a read-only member 403."""
    reader = factories.UserFactory(role="province")
    factories.grant(reader, province, read_only=True)
    address, order = (
        reverse("review:quality-verify", args=[odd.pk]),
        {"fingerprint": odd.fingerprint, "reason": "好的"},
    )
    assert signed_in(other_province_reviewer).post(address, order).status_code == 404
    assert signed_in(reader).post(address, order).status_code == 403
    assert QualityMark.objects.count() == 0


def test_list_shows_own_scope_only(odd, provincial_reviewer, other_province_reviewer, national_officer):
    """GOAL-P9: province own, the association all."""
    seen = [
        quality.findings(user, {}).count()
        for user in (provincial_reviewer, other_province_reviewer, national_officer)
    ]
    assert seen == [1, 0, 1]


@pytest.mark.parametrize("number", [1, 3])
def test_list_takes_the_same_queries_for_one_and_three(
    started, provincial_reviewer, signed_in, django_assert_num_queries, number
):
    """GOAL-P9: constant queries; two of them are the menu's, whether the person has a place at all (AM-46)."""
    for _ in range(number):
        started(planned_end_date=DATE(2028, 12, 1))
    quality.recheck()
    client = signed_in(provincial_reviewer)
    client.get(reverse("review:quality"))
    with django_assert_num_queries(14):
        assert client.get(reverse("review:quality")).context["page"].count == number


def test_export_holds_what_the_list_counts_with_masked_numbers(odd, started, provincial_reviewer, signed_in):
    """GOAL-P9, GOAL-N5: same filter, same count; masked; logged."""
    started(planned_end_date=DATE(2028, 12, 2))
    quality.recheck()
    answer = signed_in(provincial_reviewer).post(reverse("review:quality-export"))
    book = openpyxl.load_workbook(io.BytesIO(b"".join(answer.streaming_content)))
    rows = list(book.worksheets[0].iter_rows(min_row=2, values_only=True))
    number = odd.enrollment.resident.id_number
    assert len(rows) == 2
    assert rows[0][:7] == (
        "培训时长与核定年限不符",
        "浙江省",
        odd.base.name,
        2025,
        odd.enrollment.resident.full_name,
        f"{number[:3]}{'*' * 11}{number[-4:]}",
        odd.detail,
    )
    assert (Export.objects.get().rows, AuditEvent.objects.filter(action="export").count()) == (2, 1)


def test_recheck_button_has_the_worker_look_again(started, provincial_reviewer, signed_in):
    """GOAL-P9: nobody has to wait for the full hour."""
    started(planned_end_date=DATE(2028, 12, 1))
    signed_in(provincial_reviewer).post(reverse("review:quality-recheck"))
    assert QualityFinding.objects.count() == 1


def test_recheck_button_pressed_again_and_again_asks_once(started, provincial_reviewer, signed_in, settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}
    client = signed_in(provincial_reviewer)
    for _ in range(3):
        client.post(reverse("review:quality-recheck"))
    assert [each.task.name for each in default_task_backend.results] == ["recheck_quality"]


def test_clock_looks_once_an_hour(started):
    """GOAL-P9: the list keeps itself."""
    call_command("run_clock", "--once")
    started(planned_end_date=DATE(2028, 12, 1))
    call_command("run_clock", "--once")
    assert QualityFinding.objects.count() == 0
    check = quality.checked_at()
    check.checked_at -= datetime.timedelta(hours=1)
    check.asked_at -= datetime.timedelta(hours=1)
    check.save()
    call_command("run_clock", "--once")
    assert QualityFinding.objects.count() == 1


def test_clock_asks_the_worker_and_asks_once(started, settings):
    """A rebuild takes a minute over a nation; the clock's other chores do not wait for it."""
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.dummy.DummyBackend", "QUEUES": []}}
    started(planned_end_date=DATE(2028, 12, 1))
    for _ in range(3):
        call_command("run_clock", "--once")
    asked = [each.task.name for each in default_task_backend.results if each.task.name != "compare_history"]
    assert (asked, QualityFinding.objects.count()) == (["recheck_quality"], 0)
