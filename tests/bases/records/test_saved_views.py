"""常用筛选: a person's named filters of a list."""

import pytest
from django.urls import reverse

from bases.models import SavedView
from bases.records.saved_views import MOST
from tests import factories
from tests.bases.desk import page, told

pytestmark = pytest.mark.django_db
LIST = "/base/records/intake/"


def save(client, name, query="stage=ready&columns=number%2Cyears"):
    return client.post(f"{LIST}views/?{query}", {"name": name})


def test_a_view_is_saved_and_leads_back_to_its_filters(desk, enrollment):
    """What is searched for and where one is stay out of it (TRUST-52)."""
    assert "已保存" in told(save(desk, "待上报", "stage=ready&columns=number&q=陈雨桐&page=2"))
    (view,) = desk.get(LIST).context["saved_views"]
    assert view.query == "stage=ready&columns=number"
    assert f'href="?{view.query.replace("&", "&amp;")}"' in page(desk.get(LIST))
    shown = desk.get(f"{LIST}?{view.query}")
    assert shown.context["filters"].values["stage"] == "ready"
    assert [column.key for column in shown.context["columns"]] == ["number"]
    assert desk.get("/base/records/registry/").context["saved_views"] == []


def test_the_same_name_again_replaces_it(desk):
    save(desk, "待上报")
    save(desk, "待上报", "stage=training")
    assert SavedView.objects.get().query == "stage=training"


def test_too_many_or_nameless_are_refused_with_the_reason(desk):
    for number in range(MOST):
        save(desk, f"筛选{number}")
    assert "请先删除" in told(save(desk, "再一个"))
    assert "名称" in told(save(desk, " "))
    assert SavedView.objects.count() == MOST


def test_views_are_ones_own(desk, base, signed_in):
    save(desk, "待上报")
    view = SavedView.objects.get()
    colleague = factories.UserFactory()
    factories.grant(colleague, base)
    other, address = signed_in(colleague), reverse("bases:view-delete", args=[view.pk])
    assert other.get(LIST).context["saved_views"] == []
    assert other.post(address).status_code == 404
    assert "已删除" in told(desk.post(address))
    assert not SavedView.objects.exists()
