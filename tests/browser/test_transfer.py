"""A transfer between two bases and a change of specialty, in real Chromium: BR-49, BR-74 … BR-76; PAIN-15, PAIN-16;
GOAL-B13."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.roles import Role
from residents.models import Enrollment
from tests import factories
from tests.bases.conftest import account_line, workbook
from tests.browser.conftest import PHONE, YEAR, go_to
from tests.browser.test_journey import choose, fill, sign_in

pytestmark = pytest.mark.long


@pytest.fixture
def two_bases(live_server):
    """Two bases of one province with an officer each, a resident in the registry of the first."""
    factories.open_windows(factories.CycleFactory(year=YEAR, title="2026年住院医师信息采集"))
    old = factories.TrainingBaseFactory(province_id="33", name="宁波示范医院")
    new = factories.TrainingBaseFactory(province_id="33", name="浙江示范医科大学附属第一医院")
    for username, full_name, organisation, role in (
        ("yuan", "郑伟", old, Role.BASE),
        ("xin", "周晓兰", new, Role.BASE),
        ("sheng", "何敏", old.province, Role.PROVINCE),
    ):
        user = factories.UserFactory(username=username, full_name=full_name, role=role)
        factories.grant(user, organisation)
    enrollment = factories.EnrollmentFactory(base=old, intake_year=YEAR - 1, registered_at=timezone.now())
    factories.fill_personal(enrollment.resident)
    factories.fill_training(enrollment)
    return enrollment


def upload(page, person) -> None:
    line = account_line(
        intake_year=str(YEAR - 1),
        full_name=person.full_name,
        id_number=person.id_number,
        mobile=person.mobile,
    )
    page.goto("/base/imports/accounts/registry/")
    page.locator("input[type=file]").set_input_files(
        {"name": "转入.xlsx", "mimeType": "application/octet-stream", "buffer": workbook([line])}
    )
    page.get_by_role("button", name="上传并检查").click()


def test_transfer_and_change_of_specialty(two_bases, open_page, assert_accessible):
    """The failing row, the request, 退培 at the old base, the import; then 转换专业 at the new one."""
    person = two_bases.resident
    asking, holding, province = open_page(), open_page(PHONE), open_page()

    sign_in(asking, "xin")
    upload(asking, person)
    asking.get_by_role("link", name="请求转出").click()
    expect(asking.get_by_text("宁波示范医院")).to_be_visible()
    assert person.mobile not in asking.content()
    assert_accessible(asking)
    fill(asking, "reason", "省卫健委批准转入，浙卫发〔2026〕12号")
    asking.get_by_role("button", name="发出请求").click()
    expect(asking.get_by_text("待原基地处理")).to_be_visible()
    assert_accessible(asking)

    sign_in(province, "sheng")
    go_to(province, "转出请求")
    expect(province.get_by_text(person.full_name)).to_be_visible()
    assert_accessible(province)

    sign_in(holding, "yuan")
    holding.goto("/base/transfers/")
    assert_accessible(holding)
    holding.get_by_role("link", name=person.full_name).click()
    assert_accessible(holding)
    holding.get_by_role("button", name="退培并转出").click()
    expect(holding.get_by_text("现在可以导入此人", exact=False)).to_be_visible()

    upload(asking, person)
    asking.get_by_role("button", name="确认").click()
    expect(asking.get_by_text("新增 1 人", exact=False).first).to_be_visible()
    new = Enrollment.objects.exclude(pk=two_bases.pk).get(resident=person)
    assert (new.base.name, new.origin) == ("浙江示范医科大学附属第一医院", "transfer")

    factories.fill_training(new)
    Enrollment.objects.filter(pk=new.pk).update(specialty_locked=True)
    asking.goto(f"/base/records/{new.pk}/")
    asking.get_by_role("link", name="转换专业").click()
    assert_accessible(asking)
    choose(asking, "specialty", "0700")
    asking.get_by_role("button", name="转换专业").click()
    expect(asking.get_by_text("已转换专业", exact=False)).to_be_visible()
    expect(asking.get_by_role("heading", name="此人的其他培训记录")).to_be_visible()
    assert_accessible(asking)
    assert sorted(
        Enrollment.objects.filter(resident=person).values_list("base__name", "specialty_id", "status")
    ) == [
        ("宁波示范医院", "0100", "5"),
        ("浙江示范医科大学附属第一医院", "0100", "5"),
        ("浙江示范医科大学附属第一医院", "0700", "1"),
    ]
    asking.get_by_role("link", name=re.compile("修改记录")).click()
    expect(asking.get_by_role("heading", level=1)).to_be_visible()
