"""The manual: every page has its section, every message, field and code is in it, it can be searched (BR-36,
GOAL-S7)."""

import html
import re

import pytest
from django.urls import reverse

from portal.roles import Role
from portal.sheets import refusals
from residents.catalogue.catalogue import CATALOGUE
from residents.codes import CODE_LISTS
from residents.words import BLOCKS
from review.manual import chapters as manual
from review.manual.places import PLACES, place_of
from review.manual.steps import STEPS, TITLES
from tests import factories
from tests.access_table import ROUTES

# Not pages: a redirect by role, the sign of life, files; and the manual itself.
WITHOUT_PLACE = {
    "portal:desk",
    "api:openapi",
    "api:nothing",
    "manual:index",
    "manual:whole",
    "manual:chapter",
    "residents:education-scan",
    "residents:file",
    "bases:import-annotated",
    "review:completion-sample",
}


def test_every_page_has_its_section():
    """GOAL-S7: a new page needs its line in review/manual/places.py."""
    pages = {name for name, route in ROUTES.items() if route.get not in (401, 405)}
    files = {name for name in pages if name.endswith(("-file", "-template"))}
    assert set(PLACES) == pages - files - WITHOUT_PLACE


@pytest.mark.parametrize("place", sorted(set(PLACES.values())))
def test_section_exists(place):
    slug, _, anchor = place.partition("#")
    assert anchor in [found for found, _, _ in manual.sections_of(slug)]


@pytest.mark.parametrize("slug", sorted(manual.BY_SLUG))
def test_chapter_opens_for_everybody_and_its_anchors_are_its_own(client, db, slug):
    """BR-36: also before signing in, where the trouble often is."""
    answer = client.get(reverse("manual:chapter", args=[slug]))
    anchors = re.findall(r' id="([\w-]+)"', manual.body_of(slug))
    assert (answer.status_code, len(anchors)) == (200, len(set(anchors)))


def test_whole_manual_has_no_anchor_twice(client, db):
    page = client.get(reverse("manual:whole")).content.decode()
    anchors = re.findall(r' id="([\w-]+)"', page)
    assert len(anchors) == len(set(anchors))
    assert [chapter.title in page for chapter in manual.CHAPTERS] == [True] * len(manual.CHAPTERS)


def test_unknown_chapter_is_not_found(client, db):
    assert client.get("/help/nirgends/").status_code == 404


# --- made from the program -------------------------------------------------------------------------------------------


def plain(slug: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", manual.body_of(slug)))


@pytest.mark.parametrize("code", sorted(CATALOGUE))
def test_every_message_is_in_the_manual(code):
    """GOAL-S7: title, words and repair step, from the catalogue that pages and workbooks use."""
    entry, text = CATALOGUE[code], plain("errors")
    parts = [part for template in entry[:3] for part in re.split(r"\{\w+\}", template) if part]
    assert [part for part in parts if part not in text] == []


@pytest.mark.parametrize("code", sorted(refusals.REASONS))
def test_every_refusal_of_a_file_is_in_the_manual(code):
    parts = [part for template in refusals.REASONS[code] for part in re.split(r"\{\w+\}", template) if part]
    assert [part for part in parts if part not in plain("errors")] == []


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.key)
def test_every_field_is_explained(block):
    text = plain("fields")
    wanted = [block.label, *(field.label for field in block.fields), *(field.help for field in block.fields)]
    assert [word for word in wanted if word not in text] == []


@pytest.mark.parametrize("name", sorted(CODE_LISTS))
def test_every_code_is_listed(name):
    text = plain("codes")
    assert [code for code, label in CODE_LISTS[name].items.items() if f"{code} {label}" not in text] == []


def test_line_of_a_field_tells_what_it_takes():
    fields = {field.name: field for field in BLOCKS[1].fields}
    assert manual.line_of(fields["sex"]) == {
        "label": "性别",
        "shape": "选项",
        "codes": "sex",
        "need": "上报前必填",
        "owner": "住院医师",
        "help": fields["sex"].help,
    }


# --- finding ---------------------------------------------------------------------------------------------------------


def test_search_finds_the_section_own_role_first(client, db):
    found = manual.search("撤回上报", Role.BASE)
    assert (found[0].chapter.slug, found[0].anchor) == ("base-records", "report")
    assert "撤回上报" in found[0].excerpt
    page = client.get(reverse("manual:index"), {"q": "撤回上报"}).content.decode()
    assert f'href="{found[0].url}"' in page


def test_search_prefers_all_words_and_ignores_markup():
    narrow, wide = manual.search("初始密码 激活", None), manual.search("初始密码", None)
    assert 0 < len(narrow) < len(wide)
    assert {(found.chapter.slug, found.anchor) for found in narrow} <= {
        (found.chapter.slug, found.anchor) for found in wide
    }
    assert manual.search("鲸鱼 海豚", None) == []
    assert manual.search("href", None) == []
    assert manual.search(" ", None) == []


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        ("忘记密码怎么办？", "sign-in"),
        ("导出名单，CSV", "statistics"),
        ("怎样批量新增人员", "staff"),
        ("证件号 更正 怎么申请", "base-registry"),
    ],
)
def test_search_understands_a_question(asked, place):
    """GOAL-S7: each word counts, and a question without blanks finds what is nearest."""
    assert place in [found.chapter.slug for found in manual.search(asked, Role.CMDA)][:6]


def test_search_shows_what_was_typed_as_text(client, db):
    """TRUST-19."""
    page = client.get(reverse("manual:index"), {"q": "<img src=x>"}).content.decode()
    assert "<img src=x>" not in page


# --- the way there ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", Role)
def test_first_page_shows_the_steps_of_the_role(signed_in, db, role):
    """BR-36: 首页的说明和使用手册."""
    page = signed_in(factories.UserFactory(role=role)).get(reverse("manual:index")).content.decode()
    assert TITLES[role] in page
    assert [step in page for step in STEPS[role]] == [True] * len(STEPS[role])
    first = manual.own_chapters(role)[0]
    assert role in first.roles


def test_page_links_to_its_section(signed_in, base_officer):
    page = signed_in(base_officer).get(reverse("bases:accounts")).content.decode()
    assert f'href="{place_of("bases:accounts")}"' in page
    assert place_of("bases:accounts") == "/help/base-accounts/#find"


def test_module_name_in_the_menu_leads_to_the_instructions(signed_in, base_officer):
    page = signed_in(base_officer).get(reverse("bases:desk")).content.decode()
    assert '<a class="nav-group" href="/help/">住院医师管理</a>' in page


def test_manual_makes_no_query_of_its_own(client, db, django_assert_num_queries):
    """PAIN-21: static help; one query is the contact block of the footer."""
    client.get(reverse("manual:chapter", args=["errors"]))
    with django_assert_num_queries(1):
        client.get(reverse("manual:chapter", args=["errors"]))
