"""A long select is the select Django writes, only sooner."""

import pytest
from django import forms
from django.test import SimpleTestCase

from portal.widgets import LongSelect

CHOICES = [("", "全部"), ("1", "浙江大学医学院附属第一医院"), ("2", "<b>&\"'"), ("3", "省人民医院")]


@pytest.mark.parametrize("value", ["", None, "2", "9"])
def test_it_is_the_select_of_the_framework(value):
    attributes = {"class": "form-select", "aria-describedby": "id_base_help", "required": True}
    usual = forms.Select(choices=CHOICES).render("base", value, attributes)
    SimpleTestCase().assertHTMLEqual(LongSelect(choices=CHOICES).render("base", value, attributes), usual)
