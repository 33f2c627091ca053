"""The base directory and staff accounts by workbook – check, preview, all or nothing."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from bases.models import SpecialtyBase, TrainingBase, TrainingBaseUserGrant
from portal.models import AuditEvent, User
from portal.sheets.writing import write_template
from portal.sign_in.services import INITIAL_WORD
from review.organisations import directory
from review.sheets import Line, Sheet
from review.staff import workbook as staff_workbook
from tests import factories

pytestmark = pytest.mark.django_db
ROW = ("浙江省", "33901", "浙江示范医院", "", "", "内科", "2020", "")
PERSON = ("周晓兰", "zhouxl", "13900000001", "", "33901", "")


@pytest.fixture
def client(signed_in, national_officer):
    return signed_in(national_officer)


def workbook(rows, columns=directory.COLUMNS) -> bytes:
    return write_template(columns, rows, sheet_name="表", version="x", text_rows=len(rows))


def send(client, content: bytes, kind: str = "bases"):
    form = client.get(reverse("review:directory-upload", args=[kind])).context["form"]
    return client.post(
        reverse("review:directory-upload", args=[kind]),
        {"token": form["token"].value(), "file": SimpleUploadedFile("名录.xlsx", content)},
    )


def confirm(client, page, kind: str = "bases"):
    return client.post(reverse("review:directory-apply", args=[kind]), {"rows": page.context["rows"]})


def faults(page) -> list[tuple]:
    return [(f"{fault.column}{fault.row}", fault.text) for fault in page.context["plan"].faults]


def test_directory_is_previewed_then_written(client):
    """Counts first; bases and their accredited specialties in one transaction; who and what logged."""
    rows = [ROW, (*ROW[:5], "0200", "", "2025"), ("广东", "44901", "广东示范医院", "", "停用", "", "", "")]
    page = send(client, workbook(rows))
    assert faults(page) == []
    counts = {"新增基地": 2, "修改基地": 0, "新增专业基地": 2, "修改专业基地": 0, "无变化的行": 0}
    assert (page.context["plan"].counts, TrainingBase.objects.count()) == (counts, 0)
    assert confirm(client, page).url == reverse("review:bases")
    bases = TrainingBase.objects.order_by("code").values_list("code", "province_id", "name", "is_active")
    assert list(bases) == [("33901", "33", "浙江示范医院", True), ("44901", "44", "广东示范医院", False)]
    held = SpecialtyBase.objects.order_by("specialty").values_list(
        "base__code", "specialty", "valid_from", "valid_to"
    )
    assert list(held) == [("33901", "0100", 2020, None), ("33901", "0200", 2014, 2025)]
    assert AuditEvent.objects.get(action="import_directory").detail["counts"] == counts


def test_same_file_twice_changes_nothing(client):
    """The second time there is nothing to confirm, and nothing is written to the history."""
    confirm(client, send(client, workbook([ROW])))
    page = send(client, workbook([ROW]))
    assert (page.context["plan"].changes_nothing, page.context["plan"].unchanged) == (True, 1)
    confirm(client, page)
    base = TrainingBase.objects.get()
    assert (base.events.count(), base.specialty_bases.get().events.count()) == (1, 1)


def test_changes_are_written_and_empty_cells_change_nothing(client):
    """An empty cell of an existing base says nothing; a filled one does."""
    confirm(client, send(client, workbook([(*ROW[:4], "停用", *ROW[5:])])))
    confirm(
        client, send(client, workbook([("浙江省", "33901", "浙江示范医院新名", "", "", "内科", "", "2026")]))
    )
    base = TrainingBase.objects.get()
    held = base.specialty_bases.get()
    assert (base.name, base.is_active) == ("浙江示范医院新名", False)
    assert (held.valid_from, held.valid_to) == (2020, 2026)


@pytest.mark.parametrize(
    ("changes", "cell", "text"),
    [
        ({0: "火星省"}, "A2", "“火星省”不是省级单位。请填写名称或两位代码，例如“浙江省”。"),
        ({0: ""}, "A2", "没有填写省份。请补填。"),
        ({1: "33 901"}, "B2", "基地代码只能含字母、数字和短横线，至多 12 位。"),
        ({2: ""}, "C2", "没有填写培训基地名称。请补填。"),
        ({4: "在"}, "E2", "请填写“在用”或“停用”。"),
        ({5: "巫医"}, "F2", "“巫医”不在培训专业目录中。请填写目录中的名称或四位代码。"),
        ({6: "20"}, "G2", "请填写 2014 至 2099 之间的四位年份。"),
        ({7: "2019"}, "H2", "终止年份早于起始年份。请核对。"),
        ({5: ""}, "F2", "填写了年份而没有填写培训专业。请补填专业或删去年份。"),
    ],
)
def test_fault_is_told_at_its_cell(client, changes, cell, text):
    """Errors per cell, as the spreadsheet shows it, with the repair."""
    row = [changes.get(index, value) for index, value in enumerate(ROW)]
    assert faults(send(client, workbook([row]))) == [(cell, text)]


def test_one_fault_keeps_everything_out(client):
    """All or nothing; no confirmation is offered, and a forced one writes nothing."""
    other = ("浙江省", "33902", "浙江第二示范医院", "", "", "巫医", "", "")
    page = send(client, workbook([ROW, other]))
    assert [cell for cell, _ in faults(page)] == ["F3"]
    assert "确认导入" not in page.text
    confirm(client, page)
    assert TrainingBase.objects.count() == 0


def test_rows_are_judged_against_each_other_and_the_directory(client, base):
    """One base told in two ways, a doubled row, a name already taken, a base of another province."""
    rows = [
        ROW,
        ROW,
        (*ROW[:4], "停用", "儿科", "", ""),
        ("浙江省", "33903", base.name, "", "", "", "", ""),
        ("广东省", base.code, "改到广东", "", "", "", "", ""),
    ]
    assert faults(send(client, workbook(rows))) == [
        ("F3", "与第 2 行重复。请删去其中一行。"),
        ("E4", "与第 2 行的同一基地不一致，那里是“空”。请改为一致。"),
        ("C5", f"本省已有同名的培训基地，代码为 {base.code}。请核对代码或名称。"),
        ("A6", "该基地代码已属于另一个省，基地的省份不能修改。请核对代码。"),
    ]


def test_confirmation_is_judged_again_and_belongs_to_its_person(client, signed_in, province):
    """TRUST-27, TRUST-43: what changed meanwhile is shown; another's or a forged text writes nothing."""
    page = send(client, workbook([ROW]))
    other = signed_in(factories.UserFactory(role="cmda"))
    for sender, rows in ((other, page.context["rows"]), (client, "x"), (client, "")):
        sender.post(reverse("review:directory-apply", args=["bases"]), {"rows": rows})
    factories.TrainingBaseFactory(province=province, code="33999", name="浙江示范医院")
    assert [cell for cell, _ in faults(confirm(client, page))] == ["C2"]
    assert list(TrainingBase.objects.values_list("code", flat=True)) == ["33999"]


def test_file_that_is_no_table_is_refused_at_its_field(client):
    """TRUST-36: content, not name."""
    page = send(client, b"%PDF-1.4")
    assert (page.status_code, list(page.context["form"].errors)) == (200, ["file"])


def test_empty_template_is_known_and_refused_for_its_emptiness(client):
    """The template's own headers are those that are read."""
    answer = client.get(reverse("review:directory-template", args=["bases"]))
    page = send(client, answer.content)
    assert "没有数据" in page.context["form"].errors["file"][0]


@pytest.mark.parametrize("number", [1, 50])
def test_plan_takes_the_same_queries_for_one_and_many_rows(number, django_assert_num_queries):
    """Two thousand rows cost no more queries than one."""
    headers = [column.header for column in directory.COLUMNS]
    rows = [("浙江省", f"33{n:03d}", f"示范医院{n}", None, None, "内科", None, None) for n in range(number)]
    lines = [Line(place, dict(zip(headers, row, strict=True))) for place, row in enumerate(rows, 2)]
    with django_assert_num_queries(5):
        assert directory.plan(Sheet(lines, {}, [])).counts["新增基地"] == number


@pytest.fixture
def hospital(province):
    return factories.TrainingBaseFactory(province=province, code="33901", name="浙江示范医院")


def test_staff_are_invited_with_slips_shown_once(client, hospital, province):
    """TRUST-08, TRUST-09: individual accounts with one-time codes; the file decides right and organisation, not the
    role."""
    rows = [PERSON, ("何敏", "hemin", "13900000002", "", "浙江省", "只读")]
    page = send(client, workbook(rows, staff_workbook.COLUMNS), "staff")
    assert page.context["plan"].counts == {"新增人员": 2, "已有的人员（不变）": 0}
    slips = confirm(client, page, "staff").context["slips"]
    assert [(slip.person.username, slip.person.role, slip.organisation.name) for slip in slips] == [
        ("zhouxl", "base", "浙江示范医院"),
        ("hemin", "province", "浙江省"),
    ]
    assert len({slip.code for slip in slips} - {INITIAL_WORD}) == 2
    grant = TrainingBaseUserGrant.objects.get()
    assert (grant.user.username, grant.permission.codename) == ("zhouxl", "act_trainingbase")
    assert (
        User.objects.get(username="hemin").provinceusergrant_set.get().permission.codename == "view_province"
    )
    again = send(client, workbook(rows, staff_workbook.COLUMNS), "staff")
    assert (again.context["plan"].changes_nothing, again.context["plan"].unchanged) == (True, 2)


@pytest.mark.parametrize(
    ("changes", "cell"),
    [
        ({0: ""}, "A2"),
        ({1: "9xyz"}, "B2"),
        ({1: "cmda01"}, "B2"),
        ({2: "139"}, "C2"),
        ({3: "x"}, "D2"),
        ({4: "没有这家"}, "E2"),
        ({5: "管理员"}, "F2"),
    ],
)
def test_faulty_person_keeps_everybody_out(client, hospital, changes, cell):
    """The rules of the page, at the cell; an account of somebody else is not taken over."""
    row = [changes.get(index, value) for index, value in enumerate(PERSON)]
    other = ("何敏", "hemin", "13900000002", "", "33901", "")
    before = User.objects.count()
    page = send(client, workbook([row, other], staff_workbook.COLUMNS), "staff")
    assert [cell for cell, _ in faults(page)] == [cell]
    confirm(client, page, "staff")
    assert User.objects.count() == before


def test_account_named_twice_is_refused(client, hospital):
    """One person, one account."""
    page = send(client, workbook([PERSON, PERSON], staff_workbook.COLUMNS), "staff")
    assert faults(page) == [("B3", "与第 2 行的账号重复。请改用不同的账号。")]


def test_import_is_the_associations_alone(signed_in, provincial_reviewer, base_officer):
    """TRUST-29: nobody else makes bases by workbook; a province invites staff so, of its own units alone."""
    expected = {(provincial_reviewer, "staff"): 200}
    for user in (provincial_reviewer, base_officer):
        for kind in ("bases", "staff"):
            answer = signed_in(user).get(reverse("review:directory-upload", args=[kind]))
            assert answer.status_code == expected.get((user, kind), 403)


@pytest.mark.parametrize(
    ("kind", "most"), [("bases", directory.MOST_ROWS), ("staff", staff_workbook.MOST_ROWS)]
)
def test_the_page_names_the_limit_that_the_program_keeps(client, kind, most):
    """The page said 5,000 rows where the program took 200."""
    page = client.get(reverse("review:directory-upload", args=[kind])).content.decode()
    assert f"、{most} 行" in page


def test_one_row_too_many_is_refused_with_the_limit(client):
    rows = [PERSON] * (staff_workbook.MOST_ROWS + 1)
    refused = send(client, workbook(rows, staff_workbook.COLUMNS), "staff")
    assert f"{staff_workbook.MOST_ROWS} 行" in "".join(refused.context["form"].errors["file"])
