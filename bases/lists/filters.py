"""The filters above a base's list of records (招收信息管理, 住院医师信息管理), kept in the address."""

import re
from typing import Any, cast

from django import forms
from django.http import QueryDict

from bases.lists.records import NO_SPECIALTY, Stage, Todo
from portal.parameters import texts
from portal.searching import SearchField
from residents.codes import CODE_LISTS
from residents.models.enrollment import Module

ANY = ("", "全部")


_YEAR = re.compile(r"20[0-9]{2}")


def _codes(name: str) -> list[tuple[str, str]]:
    return [ANY, *CODE_LISTS[name].items.items()]


class RecordFilter(forms.Form):
    """The filters of a record list, kept in its address; `values` holds what was given and could be read.

    The intake list shows this cycle's year unless another or "all" is asked for (BR-40).
    """

    q = SearchField(
        label="姓名或证件号",
        required=False,
        max_length=50,
        widget=forms.TextInput({"placeholder": "或证件号后 4 位"}),
    )
    year = forms.ChoiceField(label="招收年份", required=False)
    specialty = forms.ChoiceField(label="培训专业", required=False)
    trainee_type = forms.ChoiceField(label="人员类型", required=False, choices=lambda: _codes("trainee_type"))
    stage = forms.ChoiceField(label="办理进度", required=False, choices=[ANY, *Stage.choices])
    personal = forms.ChoiceField(
        label="个人信息状态", required=False, choices=lambda: _codes("personal_state")
    )
    report = forms.ChoiceField(label="上报状态", required=False, choices=lambda: _codes("report_status"))
    review = forms.ChoiceField(
        label="审核状态",
        required=False,
        choices=lambda: [("", "全部"), ("0", "未审核"), *_codes("review_status")[2:]],
    )
    status = forms.ChoiceField(label="培训状态", required=False, choices=lambda: _codes("status"))
    todo = forms.ChoiceField(label="需跟进", required=False, choices=[ANY, *Todo.choices])
    # Which columns the list shows; nothing is filtered by it.
    columns = forms.CharField(required=False, max_length=300)
    batch = forms.IntegerField(label="导入批次号", required=False, min_value=1, max_value=2**31 - 1)
    # Those of a message (TOLD in bases/lists/records.py), and those who came from a base that went into this one.
    told = forms.IntegerField(
        label="消息所指的人员",
        required=False,
        min_value=1,
        max_value=2**63 - 1,
        widget=forms.HiddenInput,
    )
    former = forms.IntegerField(
        label="移交前的培训基地",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
    )

    def __init__(
        self,
        data: Any,
        *,
        module: str,
        years: list[int],
        specialties: list[tuple[str, str]],
        default_year: int | None,
    ) -> None:
        self.default_year = default_year if module == Module.INTAKE else None
        # The default is the menu's empty choice.
        default = str(self.default_year or "all")
        flat = {name: "" if (name, data[name]) == ("year", default) else data[name] for name in data}
        if isinstance(data, QueryDict) and "columns" in data:
            flat["columns"] = ",".join(texts(data, "columns"))
        super().__init__(flat)
        cast(forms.ChoiceField, self.fields["year"]).choices = self._years(years)
        cast(forms.ChoiceField, self.fields["specialty"]).choices = self._specialties(specialties)
        if module == Module.INTAKE:
            del self.fields["status"]
        self.is_valid()

    def _years(self, years: list[int]) -> list[tuple[str, str]]:
        asked = self.data.get("year", "")
        if _YEAR.fullmatch(asked):
            # Nobody of that year is left: an empty list, not a mistake in the address.
            years = sorted({*years, int(asked)}, reverse=True)
        others = [(str(year), f"{year} 年") for year in years if year != self.default_year]
        if not self.default_year:
            return [ANY, *others]
        return [("", f"{self.default_year} 年（本周期）"), ("all", "全部年份"), *others]

    def _specialties(self, occurring: list[tuple[str, str]]) -> list[tuple[str, str]]:
        asked, known = self.data.get("specialty", ""), CODE_LISTS["specialty"].items
        if asked in known and asked not in dict(occurring):
            occurring = sorted([*occurring, (asked, known[asked])])
        return [ANY, *occurring, (NO_SPECIALTY, "（未选专业）")]

    @property
    def values(self) -> dict[str, Any]:
        """What to filter by; of an address that cannot be read, that nothing is to be listed or acted on."""
        if self.errors:
            return {"unreadable": True}
        found = {name: value for name, value in self.cleaned_data.items() if value and name != "columns"}
        year = found.pop("year", None)
        if year and year != "all":
            found["year"] = int(year)
        elif not year and self.default_year:
            found["year"] = self.default_year
        return found

    @property
    def main(self) -> list[forms.BoundField]:
        """The filters that are always in sight."""
        return [self[name] for name in ("q", "year", "specialty", "stage")]

    @property
    def more(self) -> list[forms.BoundField]:
        elsewhere = {"q", "year", "specialty", "stage", "columns"}
        return [field for field in self.visible_fields() if field.name not in elsewhere]

    @property
    def column_keys(self) -> list[str]:
        """The keys of the columns asked for (bases/lists/columns.py)."""
        return self.cleaned_data.get("columns", "").split(",")

    @property
    def uses_more(self) -> bool:
        return any(field.errors or self.cleaned_data.get(field.name) for field in self.more)

    @property
    def given(self) -> list[tuple[str, str]]:
        """What was given, as the address has it, for forms that carry the filters on."""
        return [(name, self.data[name]) for name, value in self.cleaned_data.items() if value]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the default is asked for, so that an empty list can say why it is empty."""
        return any(value for name, value in self.cleaned_data.items() if name != "columns")
