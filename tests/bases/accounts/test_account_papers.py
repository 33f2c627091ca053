"""What a base prints of its accounts: slips with one-time codes, and the list (BR-51; GOAL-B16; TRUST-09)."""

import base64
import re
from io import BytesIO

import openpyxl
import pytest
from django.contrib.auth.hashers import check_password
from django.urls import reverse
from django.utils import timezone

from bases.accounts import services
from bases.accounts.views import papers
from portal.models import AuditEvent, User
from tests.bases.accounts.test_accounts import address, new_account

pytestmark = pytest.mark.django_db

CODE = re.compile(r'slip-code">([^<]+)<')
BOOK = re.compile(r"sheet;base64,([^\"]+)\"")


@pytest.fixture
def officer(signed_in, base_officer):
    return signed_in(base_officer)


def person(enrollment) -> User:
    return User.objects.get(pk=enrollment.resident.user_id)


def asked(officer, data) -> dict:
    """What the question's form sends for these accounts."""
    shown = officer.post(address("account-codes"), data).context
    return {"choice": shown["ids"], "seen": shown["seen"]}


def lines_of(content: bytes) -> list[tuple]:
    return list(openpyxl.load_workbook(BytesIO(content)).active.iter_rows(values_only=True))


def test_codes_are_made_only_after_the_question(officer, base, cycle):
    """TRUST-09: the page says first whose codes lapse; reading it changes nothing."""
    first, second = new_account(base, cycle), new_account(base, cycle)
    officer.post(address("account-codes"), asked(officer, {"choice": first.pk}))
    before = person(first).initial_code_hash
    shown = officer.post(address("account-codes"), {"choice": [first.pk, second.pk]})
    assert "其中 <strong>1</strong> 个已有初始密码，<strong>原来的随即作废</strong>" in shown.text
    assert not CODE.findall(shown.text)
    assert (person(first).initial_code_hash, person(second).initial_code_hash) == (before, "")


def test_same_form_again_makes_no_second_code(officer, base, cycle):
    """TRUST-09: a reload must not make the printed slip worthless."""
    account = new_account(base, cycle)
    data = asked(officer, {"choice": account.pk})
    assert len(CODE.findall(officer.post(address("account-codes"), data).text)) == 1
    printed = person(account).initial_code_hash
    again = officer.post(address("account-codes"), data, follow=True)
    assert "没有再次发放" in again.text
    assert person(account).initial_code_hash == printed
    assert AuditEvent.objects.filter(action="initial_code").count() == 1


def test_codes_are_different_and_only_for_accounts_not_activated(officer, base, cycle, other_base):
    """TRUST-09: slips for those who were never in; activated and foreign ones get none."""
    mine = [new_account(base, cycle) for _ in range(3)]
    active = new_account(base, cycle, resident__user__activated_at=timezone.now())
    foreign = new_account(other_base, cycle)
    data = asked(officer, {"choice": [each.pk for each in (*mine, active, foreign)]})
    answer = officer.post(address("account-codes"), data | {"choice": f"{data['choice']},{foreign.pk}"})
    codes = CODE.findall(answer.text)
    assert len(codes) == len(set(codes)) == 3
    assert "no-store" in answer["Cache-Control"]
    for each in (active, foreign):
        assert person(each).initial_code_hash == ""


def test_codes_come_as_a_workbook_too(officer, base, cycle):
    """GOAL-B16: the very codes of the slips, numbers masked."""
    account = new_account(base, cycle)
    answer = officer.post(address("account-codes"), asked(officer, {"choice": account.pk}))
    header, line = lines_of(base64.b64decode(BOOK.search(answer.text)[1]))
    assert header[3] == "一次性初始密码"
    assert (line[0], line[3]) == (account.resident.full_name, CODE.findall(answer.text)[0])
    assert account.resident.id_number not in line


def test_all_results_of_the_filter_get_codes_up_to_a_named_limit(officer, base, cycle, monkeypatch):
    """GOAL-B16: not a page at a time; who has none comes first, so the next round reaches the others."""
    monkeypatch.setattr(papers, "MOST_CODES", 2)
    accounts = [new_account(base, cycle) for _ in range(3)]
    choice = {"range": "all", "state": "never"}
    shown = officer.post(address("account-codes"), choice)
    assert "共有 3 个未激活的账号，一次最多发放 2 份" in shown.text
    assert '<input type="hidden" name="state" value="never">' in shown.text
    assert len(CODE.findall(officer.post(address("account-codes"), asked(officer, choice)).text)) == 2
    printed = {each.pk: person(each).initial_code_hash for each in accounts if person(each).initial_code_hash}
    assert len(CODE.findall(officer.post(address("account-codes"), asked(officer, choice)).text)) == 1
    assert all(person(each).initial_code_hash for each in accounts)
    assert {each.pk: person(each).initial_code_hash for each in accounts if each.pk in printed} == printed


def test_codes_for_nobody_say_so(officer, base, cycle):
    answer = officer.post(address("account-codes"), {"choice": ["x", ""]}, follow=True)
    assert "没有未激活的账号" in answer.text


@pytest.mark.parametrize("seen", ["", "x", "2026-13-01T00:00", "2026-09-01T00:00"])
def test_unreadable_time_asks_again(seen, officer, base, cycle):
    account = new_account(base, cycle)
    answer = officer.post(address("account-codes"), {"choice": account.pk, "seen": seen})
    assert answer.context["seen"] != seen
    assert person(account).initial_code_hash == ""


def test_reset_takes_the_password_away_and_prints_a_code(officer, signed_in, base, cycle, base_officer):
    """BR-51, TRUST-10: asked first; back to 未激活, sessions end, code once on paper, no password learned."""
    account = new_account(base, cycle, resident__user__activated_at=timezone.now())
    theirs = signed_in(account.resident.user)
    shown = officer.post(address("account-reset", account.pk))
    assert "原密码" in shown.text
    assert person(account).is_activated
    data = {"seen": shown.context["seen"]}
    (code,) = CODE.findall(officer.post(address("account-reset", account.pk), data).text)
    after = person(account)
    assert after.activated_at is None
    assert not after.has_usable_password()
    assert check_password(code.replace("-", ""), after.initial_code_hash)
    assert code not in officer.get(address("account", account.pk)).text
    assert theirs.get(reverse("portal:password-change")).status_code == 302
    assert "没有再次发放" in officer.post(address("account-reset", account.pk), data, follow=True).text
    assert person(account).initial_code_hash == after.initial_code_hash
    assert AuditEvent.objects.filter(action="password_reset", actor=base_officer).count() == 1


def test_list_is_printed_and_exported_as_seen(officer, base, cycle):
    """GOAL-B16: under the filters of the list, without codes, numbers masked (TRUST-51)."""
    account = new_account(base, cycle)
    new_account(base, cycle, resident__user__activated_at=timezone.now())
    page = officer.get(address("account-sheet"), {"state": "never"}).text
    assert "共 1 个账号" in page
    assert account.resident.full_name in page
    assert account.resident.id_number not in page
    answer = officer.post(address("account-export"), {"state": "never"})
    header, *lines = lines_of(answer.content)
    assert list(header) == list(services.EXPORT_HEADERS)
    assert [(line[0], line[5]) for line in lines] == [(account.resident.full_name, "未激活")]
    assert account.resident.id_number not in lines[0]
    assert AuditEvent.objects.filter(action="export", target_id=str(base.pk)).count() == 1
