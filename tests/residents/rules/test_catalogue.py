"""The message catalogue: every message says what is wrong and how to repair it."""

import re
import string

import pytest

from portal.masking import mask_numbers
from residents.catalogue.catalogue import CATALOGUE, Invalid, Verbatim, problem, quoted


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_entry_is_two_chinese_sentences(code):
    entry = CATALOGUE[code]
    assert entry.title
    assert not entry.title.endswith("。")
    for sentence in (entry.text, entry.repair):
        assert re.search("[\u4e00-\u9fff]|{hint}", sentence)
        assert sentence.endswith("。") or sentence == "{hint}"


@pytest.mark.parametrize("code", CATALOGUE)
def test_every_entry_can_be_filled_in(code):
    entry = CATALOGUE[code]
    names = {name for _, name, _, _ in string.Formatter().parse(entry.text + entry.repair) if name}
    filled = problem(code, **dict.fromkeys(names, "甲"))
    assert "{" not in str(filled)
    assert str(filled) == filled.text + filled.repair
    assert filled.title == entry.title


def test_warnings_say_that_the_value_may_stay():
    """PAIN-25: a warning is acknowledged, so its text must not read like an order."""
    unclear = [
        code
        for code, entry in CATALOGUE.items()
        if entry.is_warning and not re.search("可以保留|无需处理|改正", entry.repair)
    ]
    assert unclear == []


def test_quoted_value_is_short_and_printable():
    """A NUL, a surrogate or a bidirectional mark inside a message would break page, workbook and database."""
    assert quoted("a\x00b\u202ec\ud800d") == "a□b□c□d"
    assert quoted("长" * 40) == "长" * 40
    assert quoted("长" * 100) == "长" * 39 + "…"
    assert quoted(Verbatim("长" * 100)) == "长" * 100


def test_braces_of_a_typed_value_are_not_templates():
    assert problem("date_format", value="{0}{year}").text == "“{0}{year}”不是可以识别的日期。"


def test_invalid_carries_its_problem():
    refused = Invalid(problem("required"))
    assert (refused.problem.code, str(refused)) == ("required", "此项必填，现在为空。请填写此项。")


def test_no_example_looks_like_a_persons_number():
    """Where a fault is displayed numbers are masked, and nobody can copy a masked example (TRUST-51)."""
    texts = [text for entry in CATALOGUE.values() for text in entry[:3]]
    assert [text for text in texts if mask_numbers(text) != text] == []
