"""Nothing is asked that nobody needs, and what may be left out says so."""

import re

import pytest

from residents.rules import basic, certificate, education, training, work


@pytest.mark.parametrize("block", [basic, certificate, education, training, work])
def test_no_field_asks_what_is_nobodys_business(block):
    """TRUST-54: neither in the notice nor in its annexes."""
    labels = " ".join(field.label for field in block.FIELDS)

    assert [word for word in ("宗教", "健康", "政治面貌", "银行", "婚史", "血型") if word in labels] == []


def test_form_marks_what_a_report_needs_and_nothing_else(signed_in, resident, cycle):
    """TRUST-54: the mark stands at 国籍, and not at 婚姻状况, which may be left empty."""
    page = signed_in(resident).get("/resident/section/basic/").content.decode()
    labels = re.findall(r'<label class="form-label" for="id_(\w+)">(.*?)</label>', page, re.S)
    marked = {name for name, words in labels if 'class="needed"' in words}

    optional = {"marital_status", "qq", "landline", "postal_address"}
    assert optional <= {name for name, _ in labels}
    assert not marked & optional
    assert {"nationality", "email", "emergency_name"} <= marked
