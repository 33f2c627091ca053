"""Messages (GOAL-S4): settings, box, digest, and the way out of the portal by mail or SMS."""

import datetime
import hashlib
import hmac
import http.server
import json
import threading
import urllib.error

import pytest
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from portal import gateways
from portal.messages import deliveries, sending
from portal.messages.services import Choice, Topic, box, choices_for, fold_into_digests, mark_seen, send
from portal.models import Delivery, Message, MessageSettings
from tests import factories

State = Delivery.State
taken: list[tuple[str, str, str]] = []


def take(channel: str, address: str, text: str) -> None:
    """A gateway that remembers."""
    taken.append((channel, address, text))


def refuse(channel: str, address: str, text: str) -> None:
    raise ConnectionError("短信平台没有应答")


@pytest.fixture(autouse=True)
def _gateway(settings):
    taken.clear()
    settings.MESSAGE_GATEWAY = f"{__name__}.take"


@pytest.fixture
def person(db):
    return factories.UserFactory(mobile="13900000001", email="")


def at_once(user, **others) -> None:
    """This person wants returns and approvals at once."""
    choose(user, **{"return": "now", "approval": "now", **others})


def become_due() -> None:
    Delivery.objects.filter(state=State.WAITING).update(due_at=timezone.now())


def choose(user, channel: str = "", **choices) -> None:
    MessageSettings.objects.create(user=user, choices=choices, channel=channel)


def subjects(user) -> list[str]:
    return list(box(user).order_by("pk").values_list("subject", flat=True))


def test_only_topics_nobody_waits_for_may_be_switched_off():
    """GOAL-S4: returns, deadlines and transfer tasks always show in the portal."""
    assert {topic: Choice.OFF in choices_for(topic) for topic in Topic} == {
        Topic.RETURN: False,
        Topic.DEADLINE: False,
        Topic.TRANSFER: False,
        Topic.APPROVAL: True,
        Topic.SECURITY: False,
        Topic.OTHER: True,
    }


@pytest.mark.parametrize("choice", Choice.values)
def test_return_shows_at_once_whatever_was_chosen(person, choice):
    choose(person, **{"return": choice})
    send([person], kind="returned", subject="退回")
    assert subjects(person) == ["退回"]


def test_message_switched_off_is_not_stored(person):
    choose(person, approval="off")
    assert send([person], kind="approved", subject="通过") == 0
    assert (Message.objects.count(), Delivery.objects.count()) == (0, 0)


def test_queries_do_not_grow_with_the_recipients(person, django_assert_num_queries):
    """PAIN-21: settings, messages, what they would be merged with, addresses, deliveries."""
    everybody = factories.UserFactory.create_batch(3)
    with django_assert_num_queries(5):
        send([person], kind="returned", subject="退回")
    with django_assert_num_queries(5):
        assert send(everybody, kind="returned", subject="退回") == 3
    with django_assert_num_queries(9):
        send([person], kind="returned", subject="退回")
    with django_assert_num_queries(9):
        assert send(everybody, kind="returned", subject="退回") == 3


def test_message_with_a_key_is_told_once(person):
    """The clock asks every minute."""
    other = factories.UserFactory()
    assert send([person], kind="deadline", subject="截止", key="2026:report:3") == 1
    assert send([person, other], kind="deadline", subject="截止", key="2026:report:3") == 1
    with pytest.raises(IntegrityError), transaction.atomic():
        Message.objects.create(recipient=person, kind="deadline", subject="截止", key="2026:report:3")


# --- digest ----------------------------------------------------------------------------------------------------------


def test_daily_messages_wait_and_come_as_one(person, signed_in):
    """GOAL-S4: one digest a day, with each message and its link inside."""
    choose(person, approval="daily")
    for number in (1, 2):
        send([person], kind="approved", subject=f"通过{number}", link="/desk/")
    assert subjects(person) == []
    before_eight = deliveries.last_digest_hour(timezone.now())
    assert fold_into_digests(before_eight) == 0

    tomorrow = before_eight + datetime.timedelta(days=1)
    assert [fold_into_digests(tomorrow), fold_into_digests(tomorrow)] == [1, 0]

    assert subjects(person) == ["每日汇总：2 条消息"]
    page = signed_in(person).get(reverse("portal:messages")).content.decode()
    assert [word in page for word in ("每日汇总：2 条消息", "通过1", "通过2")] == [True] * 3


def read_page(client, page=None):
    """Press 本页全部标为已读 on the page of messages, or on one loaded before."""
    shown = (page or client.get(reverse("portal:messages"))).context
    sent = {"shown": [each.pk for each in shown["page"]], "loaded": shown["loaded_at"]}
    return client.post(reverse("portal:messages-read-all"), sent)


def test_only_what_was_on_the_page_is_read(person, signed_in):
    """Neither what came since, alone or merged into what was there, nor what stands on another page."""
    for number in range(35):
        send([person], kind=f"kind{number}", subject=f"旧{number}")
    client = signed_in(person)
    page = client.get(reverse("portal:messages"))
    send([person], kind="returned", subject="后来的退回")
    read_page(client, page)
    unread = Message.objects.filter(recipient=person, read_at=None, digest=None, shown_at__isnull=False)
    shown = {each.pk for each in page.context["page"]}
    assert "后来的退回" in [each.subject for each in unread]
    assert not shown & {each.pk for each in unread}
    loaded = client.get(reverse("portal:messages"))
    send([person], kind="returned", subject="又一条退回")
    read_page(client, loaded)
    assert Message.objects.filter(subject="又一条退回", read_at=None).exists()


def test_digest_is_read_with_its_parts(person, signed_in):
    choose(person, approval="daily")
    send([person], kind="approved", subject="通过")
    fold_into_digests(timezone.now() + datetime.timedelta(days=1))
    read_page(signed_in(person))
    assert Message.objects.filter(recipient=person, read_at=None).count() == 0


# --- the way out -----------------------------------------------------------------------------------------------------


def test_text_that_leaves_holds_no_name(person, django_capture_on_commit_callbacks):
    """PIPL 51: number and topic only; sent after the commit, by SMS where no mail address is known."""
    with django_capture_on_commit_callbacks(execute=True):
        send(
            [person], kind="second_factor", subject="陈雨桐的二次验证已停用", body="证件号 330102199803120029"
        )
        assert taken == []
    text = "您在住院医师信息采集平台有 1 条新消息：账号安全。请登录平台查看。"
    assert taken == [("sms", "13900000001", text)]
    assert Delivery.objects.get().state == State.SENT


def test_many_messages_of_one_transaction_wake_the_worker_once(person, django_capture_on_commit_callbacks):
    """A return of a thousand records is a thousand messages and one task."""
    with django_capture_on_commit_callbacks() as callbacks:
        for _ in range(3):
            send([person], kind="password_reset", subject="重置")
    assert len(callbacks) == 1


def test_message_of_a_part_that_was_undone_does_not_silence_the_rest(
    person, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks() as callbacks:
        with transaction.atomic():
            send([person], kind="password_reset", subject="重置")
            transaction.set_rollback(True)
        send([person], kind="password_reset", subject="重置")
    assert (len(callbacks), Message.objects.count()) == (1, 1)


@pytest.mark.parametrize(
    ("channel", "email", "mobile", "expected"),
    [
        ("", "a@example.com", "139", "mail"),
        ("", "", "139", "sms"),
        ("sms", "a@example.com", "139", "sms"),
        ("mail", "", "139", ""),
        ("none", "a@example.com", "139", ""),
        ("", "", "", ""),
    ],
)
def test_channel_follows_settings_and_addresses(channel, email, mobile, expected):
    user = factories.UserFactory.build(email=email, mobile=mobile)
    assert deliveries.channel_of(user, MessageSettings(channel=channel)) == expected


def test_topic_other_stays_in_the_portal(person):
    send([person], kind="import", subject="导入完成")
    assert (subjects(person), Delivery.objects.count()) == (["导入完成"], 0)


def test_who_chose_nothing_gets_one_text_a_day(person):
    """GOAL-S11: but a deadline and the account's safety do not wait."""
    send([person], kind="returned", subject="退回")
    send([person], kind="approved", subject="通过")
    send([person], kind="transfer", subject="转入")
    assert {row.due_at for row in Delivery.objects.all()} == {
        deliveries.last_digest_hour(timezone.now()) + datetime.timedelta(days=1)
    }
    assert subjects(person) == ["退回", "转入"]
    send([person], kind="reminder", subject="三天后截止")
    send([person], kind="password_reset", subject="重置")
    waits = [row.due_at - row.message.created_at for row in Delivery.objects.order_by("pk")[3:]]
    assert [wait >= deliveries.MERGED_WITHIN - datetime.timedelta(seconds=5) for wait in waits] == [
        True,
        False,
    ]


def test_what_comes_within_ten_minutes_goes_out_in_one_text(person):
    """GOAL-S11: merged over time; the first one waits for the others, and takes them along."""
    at_once(person)
    send([person], kind="returned", subject="退回")
    assert sending.send_due() == 0
    Delivery.objects.update(due_at=timezone.now())
    send([person], kind="approved", subject="通过")
    assert sending.send_due() == 2
    assert [text for _, _, text in taken] == [
        "您在住院医师信息采集平台有 2 条新消息：退回修改、撤销审核；审核通过。请登录平台查看。"
    ]


def test_decisions_in_a_row_are_one_message_until_it_is_read(person, signed_in):
    """GOAL-S11: not only within a bulk act."""
    for number in (1, 2, 3):
        send([person], kind="returned", subject=f"退回{number}", link=f"/base/records/{number}/")
    assert subjects(person) == ["3 条消息：退回修改、撤销审核"]
    page = signed_in(person).get(reverse("portal:messages"))
    assert [word in page.content.decode() for word in ("退回1", "退回2", "退回3")] == [True] * 3
    assert page.context["unread_count"]() == 1
    read_page(signed_in(person))
    assert Message.objects.filter(read_at=None).count() == 0
    send([person], kind="returned", subject="退回4")
    assert subjects(person) == ["3 条消息：退回修改、撤销审核", "退回4"]


def test_what_came_earlier_or_of_another_topic_stays_apart(person):
    send([person], kind="returned", subject="早先退回")
    Message.objects.update(shown_at=timezone.now() - datetime.timedelta(minutes=11))
    send([person], kind="returned", subject="退回")
    send([person], kind="transfer", subject="转入")
    for number in (1, 2):
        send([person], kind="password_reset", subject=f"重置{number}")
    assert subjects(person) == ["早先退回", "退回", "转入", "重置1", "重置2"]


def test_a_merged_message_is_read_once_all_of_its_parts_were_seen(person):
    for number in (1, 2):
        send([person], kind="returned", subject=f"退回{number}", link=f"/base/records/{number}/")
    mark_seen(person, link="/base/records/1/")
    assert box(person).filter(read_at=None).count() == 1
    mark_seen(person, link="/base/records/2/")
    assert box(person).filter(read_at=None).count() == 0


def test_what_only_the_log_took_is_not_called_sent(person, settings):
    """GOAL-S11: 已发送 means that the other side said so."""
    settings.MESSAGE_GATEWAY = "portal.gateways.console"
    send([person], kind="password_reset", subject="重置")
    assert sending.send_due() == 1
    assert Delivery.objects.get().get_state_display() == "仅写入日志，未发出"


def test_daily_deliveries_go_out_in_one_text(person):
    """GOAL-S4: without flood."""
    choose(person, **{"return": "daily", "approval": "daily"})
    send([person], kind="returned", subject="退回")
    send([person], kind="approved", subject="通过")
    assert (sending.send_due(), taken) == (0, [])
    Delivery.objects.update(due_at=timezone.now())
    assert sending.send_due() == 2
    assert [text for _, _, text in taken] == [
        "您在住院医师信息采集平台有 2 条新消息：退回修改、撤销审核；审核通过。请登录平台查看。"
    ]


def test_refused_delivery_is_tried_again_later_and_given_up(person, settings):
    settings.MESSAGE_GATEWAY = f"{__name__}.refuse"
    send([person], kind="returned", subject="退回")
    seen = []
    for _ in range(len(sending.PAUSES) + 1):
        become_due()
        sending.send_due()
        row = Delivery.objects.get()
        seen.append((row.state, row.tries))
    assert seen == [(State.WAITING, n) for n in range(1, 5)] + [(State.FAILED, 5)]
    assert Delivery.objects.get().error == "ConnectionError: 短信平台没有应答"
    settings.MESSAGE_GATEWAY = f"{__name__}.take"
    assert (sending.send_due(), taken) == (0, [])


def test_delivery_without_an_answer_is_not_repeated(person):
    """Never twice: the worker died after handing over."""
    send([person], kind="returned", subject="退回")
    Delivery.objects.update(
        state=State.SENDING, tries=1, tried_at=timezone.now() - datetime.timedelta(minutes=20)
    )
    deliveries.look_after()
    assert (sending.send_due(), taken, Delivery.objects.get().state) == (0, [], State.UNKNOWN)


@pytest.mark.django_db(transaction=True)
def test_two_workers_send_each_delivery_once():
    people = factories.UserFactory.create_batch(30)
    # Written past the service, whose commit would wake a worker at once.
    for user in people:
        message = Message.objects.create(recipient=user, kind="returned", subject="退回")
        Delivery.objects.create(message=message, recipient=user, channel="sms")
    start = threading.Barrier(3)

    def work() -> None:
        start.wait()
        sending.send_due()
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert sorted(address for _, address, _ in taken) == sorted(user.mobile for user in people)
    assert set(Delivery.objects.values_list("state", "tries")) == {(State.SENT, 1)}


# --- pages -----------------------------------------------------------------------------------------------------------


def test_list_shows_unread_first_and_filters(person, signed_in):
    at_once(person)
    send([person], kind="returned", subject="旧的退回")
    Message.objects.update(read_at=timezone.now())
    send([person], kind="import", subject="导入完成")
    send([person], kind="approved", subject="通过")
    Message.objects.filter(subject="通过").update(read_at=timezone.now())
    client = signed_in(person)

    def shown(**query) -> list[str]:
        return [
            each.subject for each in client.get(reverse("portal:messages"), query).context["page"].object_list
        ]

    assert shown() == ["导入完成", "通过", "旧的退回"]
    assert shown(topic="return") == ["旧的退回"]
    assert shown(unread="1") == ["导入完成"]
    assert shown(topic="nonsense", page="99") == ["导入完成", "通过", "旧的退回"]


def test_list_makes_the_same_queries_for_any_number(person, signed_in, django_assert_num_queries):
    """Session, person, two counts, his bases and his specialties for the menu (AM-46), two of messages, contact."""
    client = signed_in(person)
    send([person], kind="returned", subject="1")
    client.get(reverse("portal:messages"))
    with django_assert_num_queries(9):
        client.get(reverse("portal:messages"))
    for number in (2, 3):
        send([person], kind="returned", subject=str(number))
    with django_assert_num_queries(9):
        client.get(reverse("portal:messages"))


def test_opening_a_message_leads_to_its_record(person, signed_in):
    send([person], kind="returned", subject="退回", link="/base/records/7/")
    answer = signed_in(person).post(reverse("portal:message-open", args=[Message.objects.get().pk]))
    assert answer["Location"] == "/base/records/7/"
    assert Message.objects.get().read_at is not None


def test_single_letter_keys_are_turned_off_and_on(provincial_reviewer, signed_in):
    """WCAG 2.1.4: the pages tell the script by a mark, which is gone once they are off."""
    client, settings = signed_in(provincial_reviewer), reverse("portal:message-settings")
    mark = "data-letter-keys>"
    assert mark in client.get(settings).content.decode()
    assert client.post(reverse("portal:letter-keys"), {}).url == settings
    assert mark not in client.get(settings).content.decode()
    client.post(reverse("portal:letter-keys"), {"letter_keys": "on"})
    assert mark in client.get(settings).content.decode()


def test_settings_are_saved_and_forbidden_choices_refused(person, signed_in):
    client, url = signed_in(person), reverse("portal:message-settings")
    values = {"return": "now", "deadline": "daily", "transfer": "now", "approval": "off", "other": "daily"}
    values |= {"security": "now"}
    assert client.post(url, {**values, "channel": "none"}).status_code == 302
    stored = MessageSettings.objects.get(user=person)
    assert (stored.choices, stored.channel) == (values, "none")

    assert client.post(url, {**values, "return": "off", "channel": ""}).status_code == 422
    stored.refresh_from_db()
    assert stored.choices == values


def test_gateway_for_mail_sends_mail_and_refuses_sms(mailoutbox):
    gateways.mail("mail", "a@example.com", "您有 1 条新消息。")
    assert [(each.to, each.body) for each in mailoutbox] == [(["a@example.com"], "您有 1 条新消息。")]
    with pytest.raises(ValueError, match="没有短信通道"):
        gateways.mail("sms", "13900000001", "您有 1 条新消息。")


def test_gateway_console_masks_the_address(caplog):
    """TRUST-52: no number in the log."""
    caplog.set_level("INFO")
    gateways.console("sms", "13900000001", "您有 1 条新消息。")
    assert caplog.messages == ["sms to 13******001: 您有 1 条新消息。"]


class Platform(http.server.BaseHTTPRequestHandler):
    """An SMS platform: checks the signature as the manual says, and answers with what the test wants."""

    answer = 204
    got: list[dict] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        signed = self.headers["X-Portal-Timestamp"].encode() + b"." + body
        right = hmac.new(b"between us", signed, hashlib.sha256).hexdigest()
        Platform.got.append(json.loads(body))
        self.send_response(self.answer if self.headers["X-Portal-Signature"] == right else 401)
        self.send_header("Location", "http://127.0.0.1:9/")
        self.end_headers()

    def log_message(self, *_):
        """Silent."""


@pytest.fixture
def platform(settings, monkeypatch):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Platform)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.MESSAGE_WEBHOOK_URL = f"http://127.0.0.1:{server.server_port}/sms"
    settings.MESSAGE_WEBHOOK_SECRET = "between us"
    monkeypatch.setattr(Platform, "got", [])
    yield Platform
    server.shutdown()
    server.server_close()


def test_webhook_is_signed_and_its_yes_means_sent(person, settings, platform):
    """GOAL-S11: mail and SMS by settings alone."""
    settings.MESSAGE_GATEWAY = "portal.gateways.webhook"
    send([person], kind="password_reset", subject="重置")
    assert sending.send_due() == 1
    assert Delivery.objects.get().state == State.SENT
    text = "您在住院医师信息采集平台有 1 条新消息：账号安全。请登录平台查看。"
    assert platform.got == [{"type": "message", "channel": "sms", "address": "13900000001", "text": text}]


@pytest.mark.parametrize("answer", [302, 400, 503])
def test_webhook_that_does_not_say_yes_is_tried_again(person, settings, platform, monkeypatch, answer):
    settings.MESSAGE_GATEWAY = "portal.gateways.webhook"
    monkeypatch.setattr(platform, "answer", answer)
    send([person], kind="password_reset", subject="重置")
    assert sending.send_due() == 0
    row = Delivery.objects.get()
    assert (row.state, len(platform.got)) == (State.WAITING, 1)
    assert str(answer) in row.error


def test_webhook_with_a_wrong_secret_or_none_is_told_by_the_check(settings, platform):
    gateways.try_webhook()
    assert platform.got == [{"type": "ping"}]
    settings.MESSAGE_WEBHOOK_SECRET = "another"
    with pytest.raises(urllib.error.HTTPError, match="401"):
        gateways.try_webhook()
    settings.MESSAGE_WEBHOOK_SECRET = ""
    with pytest.raises(ValueError, match="MESSAGE_WEBHOOK_SECRET"):
        gateways.try_webhook()
