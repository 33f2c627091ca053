"""Nothing typed is lost: closed windows, lost sessions, two tabs (BR-55; AM-26; GOAL-R4; PAIN-22, PAIN-23;
TRUST-43)."""

import datetime
import re

import pytest
from django.db.models import signals
from django.urls import reverse
from django.utils import timezone

from portal.models import CycleWindow, FormDraft, Step
from residents.models import BasicInfo, EducationRecord
from residents.services.personal import save_block, save_education

BASIC_URL = "/resident/section/basic/"


@pytest.fixture
def client(signed_in, resident):
    return signed_in(resident)


def page(response) -> str:
    return re.sub(r"\s+", " ", response.content.decode())


def close_window(minutes: int) -> None:
    CycleWindow.objects.filter(step=Step.RESIDENT_FILL).update(
        closes_at=timezone.now() - datetime.timedelta(minutes=minutes)
    )


# --- windows ---------------------------------------------------------------------------------------------------------


def test_post_after_the_deadline_is_refused_and_what_was_typed_is_shown(client):
    """BR-55."""
    close_window(6)
    response = client.post(BASIC_URL, {"email": "late@example.com", "version": "0"})

    body = page(response)
    assert response.status_code == 409
    assert "没有保存" in body
    assert 'value="late@example.com"' in body
    assert not BasicInfo.objects.exists()
    assert not FormDraft.objects.exists()


def test_post_within_five_minutes_is_kept_as_a_draft(client, resident, enrollment):
    """AM-26."""
    close_window(2)
    response = client.post(BASIC_URL, {"email": "late@example.com", "version": "0"})

    assert "已存为草稿" in page(response)
    assert not BasicInfo.objects.exists()
    draft = FormDraft.objects.get()
    assert (draft.user, draft.form) == (resident, f"personal:{enrollment.pk}:basic")
    assert draft.data["email"] == ["late@example.com"]


def test_closed_page_is_read_only(client, enrollment, resident):
    save_block(enrollment, "basic", {"email": "a@example.com"}, by=resident)
    close_window(30)
    body = page(client.get(BASIC_URL))

    assert "已保存的内容（只读）" in body
    assert "a@example.com" in body
    assert 'name="email"' not in body


# --- drafts ----------------------------------------------------------------------------------------------------------


def test_draft_of_a_lost_session_fills_the_form_again(client, enrollment):
    """GOAL-R4: killed in mid-form, back after signing in; deleted by the save."""
    key = re.search(r'data-autosave="([^"]+)"', page(client.get(BASIC_URL)))[1]
    client.post(
        reverse("portal:draft"), {"form": key, "data": "email=draft%40example.com", "base_version": "0"}
    )

    assert "?draft=1" in page(client.get(BASIC_URL))
    body = page(client.get(BASIC_URL + "?draft=1"))
    assert 'value="draft@example.com"' in body
    client.post(BASIC_URL, {"email": "draft@example.com", "version": "0"})
    assert not FormDraft.objects.exists()


def test_draft_of_a_closed_form_is_not_offered_to_be_filled_in_again(client):
    """AM-31: what was posted late is told of; no form opens that cannot be saved."""
    close_window(2)
    client.post(BASIC_URL, {"email": "late@example.com", "version": "0"})
    for address in (BASIC_URL, BASIC_URL + "?draft=1"):
        body = page(client.get(address))
        assert ("现在不能保存" in body, ">恢复</a>" in body, 'name="email"' in body) == (True, False, False)


# --- two tabs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def deleted_meanwhile(enrollment, resident):
    """A level of study that another tab deletes after this request has found it."""
    row = save_education(enrollment, None, {"level": "4"}, by=resident).row

    def delete(sender, instance, **kwargs):
        signals.post_init.disconnect(delete, sender=EducationRecord)
        EducationRecord.objects.filter(pk=row.pk).delete()

    signals.post_init.connect(delete, sender=EducationRecord)
    yield row
    signals.post_init.disconnect(delete, sender=EducationRecord)


def test_level_deleted_in_another_tab_can_be_added_again_as_typed(client, deleted_meanwhile):
    url = reverse("residents:education-edit", args=[deleted_meanwhile.pk])
    response = client.post(url, {"level": "5", "school": "浙江大学", "version": "1"})

    body = page(response)
    assert response.status_code == 409
    assert "已在别处删除" in body
    assert 'value="浙江大学"' in body
    assert f'action="{reverse("residents:education-add")}"' in body


def test_second_delete_of_a_level_says_that_it_is_gone(client, deleted_meanwhile):
    response = client.post(
        reverse("residents:education-delete", args=[deleted_meanwhile.pk]), {"version": "1"}, follow=True
    )

    assert "已经删除" in page(response)


def test_double_click_adds_one_level(client, education_values):
    """PAIN-23: for 本科 the rules allow two, so they do not help."""
    for _ in range(2):
        response = client.post(reverse("residents:education-add"), {**education_values, "version": "0"})
        assert response.status_code == 302

    assert EducationRecord.objects.count() == 1


def test_draft_of_the_last_five_minutes_keeps_its_version(client, enrollment, resident):
    """Taken up again after an extension it must not overwrite what another tab had saved in time."""
    for address in ("a@example.com", "b@example.com"):
        save_block(enrollment, "basic", {"email": address}, by=resident)
    close_window(2)

    client.post(BASIC_URL, {"email": "c@example.com", "version": "1"})

    assert FormDraft.objects.get().base_version == 1


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "1.5"])
def test_impossible_version_is_no_server_error(client, version):
    close_window(2)
    response = client.post(BASIC_URL, {"email": "a@example.com", "version": version})

    assert response.status_code == 409
    assert FormDraft.objects.get().base_version == 0


def test_conflict_proposes_what_each_window_changed(client, enrollment, resident):
    """GOAL-R4: a field that only the other window changed is not proposed to be overwritten."""
    save_block(enrollment, "basic", {"email": "a@example.com", "qq": "12345"}, by=resident)
    save_block(enrollment, "basic", {"email": "b@example.com", "emergency_name": "陈建国"}, by=resident)
    sent = {"email": "c@example.com", "qq": "12345", "emergency_name": "", "version": "1"}

    choices = client.post(BASIC_URL, sent).context["choices"]

    assert {choice["name"]: choice["untouched"] for choice in choices} == {
        "email": False,
        "emergency_name": True,
    }
