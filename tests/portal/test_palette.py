"""The colours of static/portal.css: words on their grounds at 4.5:1 in light and in dark (GOAL-S6)."""

import re
from pathlib import Path

import pytest

from tests.review.national.test_units import contrast

CSS = Path("static/portal.css").read_text(encoding="utf-8")
LIGHT, DARK = (
    dict(re.findall(r"--([\w-]+): (#\w+);", block)) for block in re.findall(r":root \{(.*?)\}", CSS, re.S)[:2]
)
# Words, and what they stand on.
PAIRS = [
    *(
        (words, ground)
        for words in ("ink", "ink-soft", "teal", "red", "amber", "old")
        for ground in ("paper", "ground")
    ),
    *((words, "paper-soft") for words in ("ink", "ink-soft")),
    *((words, "paper-grey") for words in ("ink", "grey-ink")),
    *((words, f"{words}-light") for words in ("red", "amber", "green", "blue")),
    *((f"{words}-ink", f"{words}-light") for words in ("red", "amber", "green", "blue", "teal", "grey")),
    ("ink", "amber-light"),
    ("ink", "teal-light"),
    ("old", "red-light"),
    ("tblr-link-color", "paper"),
    ("tblr-link-color", "ground"),
]


def plain(colour: str) -> str:
    digits = colour.removeprefix("#")
    return "".join(each * 2 for each in digits) if len(digits) == 3 else digits


@pytest.mark.parametrize("palette", [LIGHT, LIGHT | DARK], ids=["light", "dark"])
def test_words_are_readable_on_their_grounds(palette):
    measured = {
        f"{words} on {ground}": round(contrast(plain(palette[words]), plain(palette[ground])), 2)
        for words, ground in PAIRS
    }
    measured |= {
        f"white on {fill}": round(contrast("ffffff", plain(palette[fill])), 2)
        for fill in ("navy", "teal-fill", "teal-fill-dark", "red-fill")
    }
    assert {pair: number for pair, number in measured.items() if number < 4.5} == {}
