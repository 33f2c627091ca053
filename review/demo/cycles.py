"""Two cycles: the notice's of 2019, over and locked, and this year's, open today."""

import datetime

from django.utils import timezone

from portal.models import CollectionCycle, CycleWindow, Notice, SiteContact, Step, User


def moment(year: int, month: int, day: int) -> datetime.datetime:
    return datetime.datetime(year, month, day, tzinfo=timezone.get_default_timezone())


def make_cycles(today: datetime.date) -> tuple[CollectionCycle, CollectionCycle]:
    """2019 with the dates of the notice (BR-09, BR-12, BR-18); this year's with every window open around `today`."""
    past = CollectionCycle.objects.create(
        year=2019, title="2019年住院医师信息采集", locked_at=moment(2019, 11, 6)
    )
    fill, review = (moment(2019, 10, 13), moment(2019, 11, 1)), (moment(2019, 11, 1), moment(2019, 11, 6))
    _set(past, fill, review)
    year = today.year
    present = CollectionCycle.objects.create(year=year, title=f"{year}年住院医师信息采集")
    start = timezone.make_aware(
        datetime.datetime.combine(today - datetime.timedelta(days=18), datetime.time())
    )
    fill_end = start + datetime.timedelta(days=40)
    _set(
        present,
        (start, fill_end),
        (start + datetime.timedelta(days=7), fill_end + datetime.timedelta(days=10)),
    )
    return past, present


def _set(cycle: CollectionCycle, fill: tuple, review: tuple) -> None:
    for step in Step:
        opens_at, closes_at = review if step == Step.REVIEW else fill
        CycleWindow.objects.create(cycle=cycle, step=step, opens_at=opens_at, closes_at=closes_at)


def make_notices(cycle: CollectionCycle, by: User) -> None:
    """The contact block of the notice's footer without persons' names (BR-94), and two notices (BR-95)."""
    SiteContact.objects.update_or_create(
        pk=1,
        defaults={
            "department": "中国医师协会毕业后医学教育部",
            "department_phone": "010-63319236",
            "support": "住培管理平台技术支持",
            "support_phone": "400-001-8080",
            "service_line": "400-001-8080",
            "email": "cmdagme@163.com",
        },
    )
    Notice.objects.create(
        title=f"关于开展{cycle.year}年住院医师信息采集工作的通知",
        body=(
            f"各住院医师规范化培训基地：\n\n{cycle.year}年新招收住院医师的“基本信息”“学习经历”“证书信息”由本人登录填报，"
            "“培训信息”由培训基地填报；培训基地检查无误后上报，由省级卫生健康委科教处审核。审核通过的信息视为有效信息，"
            "是中央财政经费发放和结业证书发放的重要依据，请确保真实、准确，并在规定时间内完成。"
        ),
        is_pinned=True,
        published_by=by,
    )
    Notice.objects.create(
        title="住院医师首次登录须知",
        body="账号为培训基地导入的证件号码，初始密码 000000 只用于进入激活页面。"
        "激活时请填写导入时登记的手机号并设置自己的密码。"
        "如无法激活，请联系所在培训基地查找账号并重置。",
        published_by=by,
    )
