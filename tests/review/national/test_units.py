"""报送单位方格图: 32 units, each once, in steps that the colour-blind tell apart (GOAL-N11)."""

import itertools
import re
from pathlib import Path

import pytest
from django.urls import reverse

from bases.models import Province

CSS = Path("static/portal.css").read_text(encoding="utf-8")


def brightness(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(one: str, other: str) -> float:
    darker, brighter = sorted((brightness(one), brightness(other)))
    return (brighter + 0.05) / (darker + 0.05)


def test_steps_are_at_least_three_to_one_and_their_words_readable():
    """GOAL-N11: colour-blind safe, steps at least 3:1."""
    steps = re.findall(r"\.unit-step-\d \{ background: #(\w{6}); color: #(\w{6});", CSS)
    assert len(steps) == 6
    for light_or_dark in (steps[:3], steps[3:]):
        grounds = [ground for ground, _ in light_or_dark]
        assert all(contrast(one, other) >= 3 for one, other in itertools.pairwise(grounds))
    assert all(contrast(ground, words) >= 4.5 for ground, words in steps)


@pytest.mark.django_db
def test_every_unit_has_a_place_of_its_own_and_the_number_of_the_table(national, cycle):
    places = dict(re.findall(r"\.unit-(\d\d) \{ grid-area: (\d / \d); \}", CSS))
    codes = set(Province.objects.values_list("pk", flat=True))
    assert places.keys() == codes
    assert len(set(places.values())) == len(codes) == 32
    page = national.get(reverse("review:national"))
    assert "报送单位方格图（非地图）" in page.content.decode()
    assert [tile["code"] for tile in page.context["tiles"]] == [row.code for row in page.context["rows"]]
