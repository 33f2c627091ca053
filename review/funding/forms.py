"""Of what the tables are asked, by which rules; the rules themselves; what a base explains."""

from functools import cached_property
from typing import Any, cast

from django import forms
from django.utils import timezone

from bases.models import Specialty
from bases.scope import bases_in_view, provinces_for
from portal.models import User
from portal.parameters import moment_of
from portal.roles import Action, Role
from residents.codes import CODE_LISTS
from review.choices import ANY, _names
from review.funding.balance import COLUMNS
from review.funding.basis import Basis
from review.funding.services import rules_of
from review.funding.verdicts import measures
from review.models import Edition, FundingRules

_MAY_BE_SHORT = ("0700", "0200", "0500", "1600", "1900")


class BasisForm(forms.Form):
    """The edition or the trial, the version of the rules, and what narrows it. What cannot be read asks for nothing."""

    edition = forms.ModelChoiceField(
        label="数据",
        queryset=Edition.objects.select_related("order"),
        required=False,
        empty_label="试算（实时数据，未封版）",
    )
    day = forms.DateField(
        label="试算的截止日",
        required=False,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        help_text="只用于试算；不填为今天。",
        error_messages={"invalid": "截止日格式不正确，请写成 2026-09-01。"},
    )
    province = forms.ChoiceField(label="省份", required=False)
    rules = forms.ModelChoiceField(
        label="口径", queryset=FundingRules.objects.all(), required=False, empty_label="该年度最新一版"
    )
    base = forms.ChoiceField(label="培训基地", required=False)
    year = forms.IntegerField(min_value=2000, max_value=2100, required=False)
    specialty = forms.CharField(max_length=4, required=False)
    type = forms.CharField(max_length=1, required=False)
    column = forms.CharField(max_length=10, required=False)
    kind = forms.ChoiceField(choices=list(COLUMNS.items()), required=False)
    taken_at = forms.CharField(max_length=40, required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        last = Edition.objects.order_by("-year", "-number").first()
        super().__init__(({"edition": str(last.pk)} if last else {}) | {name: data[name] for name in data})
        self.user = user
        provinces = provinces_for(user, Action.VIEW)
        _choices(self.fields["province"], [*ANY, *_names(provinces).items()])
        _choices(self.fields["base"], [*ANY, *_names(bases_in_view(user).order_by("code")).items()])
        if user.role == Role.BASE:
            del self.fields["province"]
        self.is_valid()

    @property
    def narrowed(self) -> dict[str, str]:
        """The parameters of NARROWED that were asked and could be read."""
        names = ("province", "base", "year", "specialty", "type")
        return {name: str(self.cleaned_data[name]) for name in names if self.cleaned_data.get(name)}

    @cached_property
    def basis(self) -> Basis | None:
        """None where something could not be read, or no rules are set. A trial is of one moment, however often the page
        asks for it."""
        if self.errors:
            return None
        edition, day = self.cleaned_data["edition"], self.cleaned_data["day"] or timezone.localdate()
        rules = self.cleaned_data["rules"] or rules_of(edition.year if edition else day.year)
        if rules is None:
            return None
        if edition:
            return Basis(rules, edition.order.facts_on, edition.order.taken_at, edition)
        taken_at = moment_of(self.cleaned_data["taken_at"]) or timezone.now()
        return Basis(rules, day, taken_at, province=self.chosen_province)

    @cached_property
    def chosen_province(self) -> str:
        """That which is asked, or the only one; a trial is of one."""
        asked = self.cleaned_data.get("province") or ""
        if asked or self.user.role != Role.PROVINCE:
            return asked
        own = list(provinces_for(self.user, Action.VIEW).values_list("pk", flat=True)[:2])
        return own[0] if len(own) == 1 else ""

    @property
    def needs_province(self) -> bool:
        """Whether a trial was asked of more than one province."""
        is_trial = not self.errors and not self.cleaned_data["edition"]
        return is_trial and self.user.role != Role.BASE and not self.chosen_province

    @property
    def computable(self) -> Basis | None:
        """The basis, unless a trial of it would be of more than one province."""
        return None if self.needs_province else self.basis

    @property
    def chosen_column(self) -> str:
        column = self.cleaned_data.get("column", "")
        return column if self.basis and column in measures(self.basis.rules) else ""

    def clean_day(self) -> Any:
        day = self.cleaned_data["day"]
        if day and not 2014 <= day.year <= timezone.localdate().year + 1:
            raise forms.ValidationError("截止日须在 2014 年至明年之间，请重新填写。")
        return day


def _choices(field: forms.Field, choices: list) -> None:
    cast(forms.ChoiceField, field).choices = choices


class RulesForm(forms.Form):
    """The next version of a year's rules."""

    year = forms.IntegerField(label="年度", min_value=2014, max_value=2099)
    statuses = forms.MultipleChoiceField(
        label="计入的培训状态",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选一种培训状态。"},
    )
    trainee_types = forms.MultipleChoiceField(
        label="计入的人员类型",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "请至少选一种人员类型。"},
    )
    counts_overrun = forms.BooleanField(
        label="截止日已满核定年限的仍计入",
        required=False,
        help_text="不勾选时，由培训实际开始时间起已满核定的培训年限的人不计入。",
    )
    shortage = forms.MultipleChoiceField(
        label="本年度紧缺专业", required=False, widget=forms.CheckboxSelectMultiple
    )
    amount = forms.IntegerField(label="标准（元/人·年）", min_value=0, max_value=1_000_000)
    basis = forms.CharField(
        label="依据",
        min_length=4,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="文件名称和文号，或协会的决定；与口径一起长期显示。",
    )

    def __init__(self, data: Any = None) -> None:
        last = FundingRules.objects.first()
        initial = {
            "year": timezone.localdate().year,
            "statuses": ["1"],
            "trainee_types": list(CODE_LISTS["trainee_type"].items),
            "shortage": list(_MAY_BE_SHORT),
            "amount": 30_000,
        }
        if last:
            initial |= {name: getattr(last, name) for name in (*initial, "counts_overrun")}
            initial["year"] = max(last.year, timezone.localdate().year)
        super().__init__(data, initial=initial)
        counting = {code: CODE_LISTS["status"].label(code) for code in ("1", "2", "3")}
        _choices(self.fields["statuses"], list(counting.items()))
        _choices(self.fields["trainee_types"], list(CODE_LISTS["trainee_type"].items.items()))
        specialties = Specialty.objects.values_list("pk", "name")
        _choices(self.fields["shortage"], list(specialties))


class ExplainForm(forms.Form):
    """Where the persons of a difference are."""

    text = forms.CharField(
        label="差额说明",
        min_length=4,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明是哪些人、为什么减少；省级和中国医师协会会看到。",
    )
