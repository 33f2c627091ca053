"""Which yearbook is read, and whose list stands behind a figure of it."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from bases.models import Specialty
from portal.models import User
from residents.codes import CODE_LISTS
from review.choices import ANY
from review.editions import comparison
from review.models import Edition, EditionPerson
from review.yearbook.units import BY, NARROWED_BY, kinds


class ChosenForm(forms.Form):
    """The edition, the newest where none is named, by what its lines are and of which specialty. What cannot be read
    asks for everything."""

    edition = forms.ModelChoiceField(
        label="年度版",
        queryset=Edition.objects.select_related("order").order_by("-year", "-number"),
        required=False,
        empty_label=None,
    )
    by = forms.ChoiceField(label="每行一个", choices=list(BY.items()), required=False)
    specialty = forms.ModelChoiceField(
        label="培训专业", queryset=Specialty.objects.all(), required=False, empty_label="全部"
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.is_valid()

    @property
    def chosen_edition(self) -> Edition | None:
        chosen: Edition | None = self.cleaned_data.get("edition")
        return chosen or Edition.objects.select_related("order").order_by("-year", "-number").first()

    @property
    def lines(self) -> dict[str, str]:
        """For `yearbook`: by what the lines are, and of which specialty."""
        specialty = self.cleaned_data.get("specialty")
        return {"by": self.cleaned_data.get("by") or "", "specialty": specialty.pk if specialty else ""}

    @property
    def in_words(self) -> str:
        specialty = self.cleaned_data.get("specialty")
        return f"培训专业：{specialty.name}" if specialty else ""


class PeopleForm(forms.Form):
    """The figure and what narrows it. Raises no error but the sentence of its page."""

    edition = forms.ModelChoiceField(label="年度版", queryset=Edition.objects.select_related("order"))
    kind = forms.CharField(label="数字", max_length=20)
    province = forms.CharField(label="省份", max_length=2, required=False)
    base = forms.IntegerField(label="培训基地", min_value=1, max_value=2**31 - 1, required=False)
    specialty = forms.CharField(label="培训专业", max_length=4, required=False)
    year = forms.IntegerField(label="招收年份", min_value=2000, max_value=2100, required=False)
    type = forms.ChoiceField(
        label="人员类型", choices=[*ANY, *CODE_LISTS["trainee_type"].items.items()], required=False
    )
    status = forms.ChoiceField(
        label="培训状态", choices=[*ANY, *CODE_LISTS["status"].items.items()], required=False
    )
    reason = forms.ChoiceField(
        label="状态变更原因", choices=[*ANY, *CODE_LISTS["reason"].items.items()], required=False
    )
    rural = forms.ChoiceField(label="订单定向", choices=[*ANY, ("1", "是")], required=False)

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        edition = cleaned.get("edition")
        if edition and cleaned.get("kind") not in kinds(edition.year):
            self.add_error("kind", "没有这个数字，请从年鉴的表中点开。")
        return cleaned

    @property
    def narrowed(self) -> dict[str, Any]:
        found = {name: self.cleaned_data.get(name) for name in NARROWED_BY}
        return {name: value for name, value in found.items() if value}

    def people(self, user: User) -> QuerySet[EditionPerson]:
        """Whom the figure counts, within what this user sees."""
        edition = self.cleaned_data["edition"]
        columns = {NARROWED_BY[name]: value for name, value in self.narrowed.items()}
        condition = kinds(edition.year)[self.cleaned_data["kind"]].condition
        return EditionPerson.objects.filter(condition, edition=edition, **comparison.within(user, columns))

    @property
    def in_words(self) -> list[str]:
        """The figure, then what narrows it, as the edition called it."""
        edition = self.cleaned_data["edition"]
        names = {"province": edition.names["province"], "base": edition.names["base"]}
        names["specialty"] = edition.names["specialty"]
        told = []
        for name, value in self.narrowed.items():
            field = self.fields[name]
            choices = dict(getattr(field, "choices", ())) or names.get(name, {})
            told.append(f"{field.label}：{choices.get(str(value), value)}")
        return [kinds(edition.year)[self.cleaned_data["kind"]].words, *told]
