"""Forms made from the field dictionary: controls, conditions, problems beside their fields (PAIN-22, PAIN-25,
GOAL-S6)."""

import datetime
import json

from django import forms
from django.http import QueryDict

from residents.catalogue.catalogue import problem
from residents.forms import as_input, form_for, raw_of, show_problems
from residents.rules import basic, certificate, education, work
from residents.rules.fields import Field


def test_control_by_kind():
    form = form_for(certificate.FIELDS, {})
    kinds = {
        "passed_qualification_exam": forms.RadioSelect,
        "exam_pass_date": forms.TextInput,
        "score_report_type": forms.RadioSelect,
        "score_report_scan": forms.FileInput,
        "qualification_date": forms.DateInput,
        "practice_scope": forms.Select,
        "license_no": forms.TextInput,
    }
    assert {name: type(form.fields[name].widget) for name in kinds} == kinds


def test_optional_code_can_be_taken_back():
    """A radio button, once pressed, cannot be released."""
    form = form_for(work.FIELDS, {}, context={"trainee_type": "1"})

    assert form.fields["title"].widget.choices[0] == ("", "请选择")


def test_conditions_inside_the_form_go_to_the_page():
    form = form_for(basic.FIELDS, {}, context={"id_type": "01"})

    asked = json.loads(form.fields["language_cert_no"].asked)
    assert ["language_exam_type", ["1", "2", "3", "4"]] in asked
    assert ["english_level", ["", "2", "3", "4", "5", "9"]] in asked
    assert form.fields["email"].asked == ""
    assert json.loads(form_for(certificate.FIELDS, {}).fields["exam_pass_date"].asked) == [
        ["passed_qualification_exam", ["True"]]
    ]


def test_conditions_on_the_context_decide_at_once():
    """docs/fields.md#work: residents from society and degree students have no employer."""
    own = set(form_for(work.FIELDS, {}, context={"trainee_type": "1"}).fields)
    sponsored = set(form_for(work.FIELDS, {}, context={"trainee_type": "2"}).fields)
    society = set(form_for(work.FIELDS, {}, context={"trainee_type": "3"}).fields)

    assert society == {"work_start_date", "title", "title_date"}
    assert own - sponsored == {"department"}
    assert sponsored - own == {"employer_uscc", "employer_is_military"}


def test_needed_fields_are_marked():
    def marked(nationality):
        form = form_for(basic.FIELDS, {"nationality": nationality}, context={})
        return form.fields["ethnicity"].is_needed, form.fields["qq"].is_needed

    assert marked("CHN") == (True, False)
    assert marked("USA") == (False, False)


def test_stored_code_that_is_no_longer_offered_stays_selectable():
    field = Field("ethnicity", "民族", "code", codes="ethnicity")
    hidden = form_for([field], {"ethnicity": "ZZ"})

    assert ("ZZ", "ZZ") in hidden.fields["ethnicity"].widget.choices


def test_suggestions_become_a_datalist():
    html = str(form_for(education.FIELDS, {})["school"])

    assert 'list="id_school_list"' in html
    assert '<datalist id="id_school_list"><option value="' in html


def test_values_as_the_browser_sends_them():
    month, day = Field("a", "a", "month"), Field("b", "b", "date")
    born = datetime.date(1995, 3, 1)
    assert as_input(month, born) == "1995-03"
    assert as_input(day, born) == "1995-03-01"
    assert as_input(Field("c", "c", "bool"), False) == "False"
    assert as_input(Field("d", "d", "file"), "evidence/x") is None


def test_raw_values_are_those_that_were_sent():
    form = form_for(basic.FIELDS, {}, data=QueryDict("email=+a&photo-clear=on&role=cmda"))

    assert raw_of(form) == {"email": " a", "photo": False}


def test_problems_stand_at_their_fields_and_warnings_block_nothing():
    form = form_for(basic.FIELDS, {}, data=QueryDict("email=a"), context={})
    found = {
        "email": [problem("email_format", value="a")],
        "emergency_mobile": [problem("emergency_mobile_is_own")],
        "": [problem("education_too_many", count=6)],
    }
    show_problems(form, found)

    assert form.errors["email"] == [str(problem("email_format", value="a"))]
    assert form.non_field_errors() == [str(problem("education_too_many", count=6))]
    assert "emergency_mobile" not in form.errors
    assert form.fields["emergency_mobile"].notice == str(problem("emergency_mobile_is_own"))
