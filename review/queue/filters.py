"""Forms of the province's desk: the filters of its lists, the decision and its comment, the statistics."""

from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.utils.choices import flatten_choices

from bases.models import Specialty, TrainingBase
from bases.scope import bases_in_view
from bases.submissions.differences import field_labels
from portal.models import User
from portal.searching import SearchField
from residents.catalogue.catalogue import CATALOGUE
from residents.codes import CODE_LISTS
from residents.models.enrollment import Module
from review.assignments.services import bases_of
from review.choices import ANY
from review.quality.checks import CHECKS
from review.quality.services import QUALITY


class ListFilter(forms.Form):
    """Filters kept in the address of a list."""

    q = SearchField(label="姓名或证件号", required=False, max_length=50)
    base = forms.ModelChoiceField(
        label="培训基地",
        queryset=TrainingBase.objects.none(),
        required=False,
        empty_label="全部",
    )
    specialty = forms.ModelChoiceField(
        label="培训专业", queryset=Specialty.objects.all(), required=False, empty_label="全部"
    )
    year = forms.IntegerField(label="招收年份", required=False, min_value=2000, max_value=2100)
    type = forms.ChoiceField(
        label="人员类型", required=False, choices=lambda: ANY + CODE_LISTS["trainee_type"].choices
    )
    module = forms.ChoiceField(
        label="模块",
        required=False,
        choices=[*ANY, (Module.INTAKE, "招收信息"), (Module.REGISTRY, "住院医师信息")],
    )

    # Those of a message (told in bases/lists/records.py).
    told = forms.IntegerField(
        label="消息所指的人员", required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast(forms.ModelChoiceField, self.fields["base"]).queryset = bases_in_view(user).order_by("code")
        self.narrow(user)
        self.is_valid()

    def narrow(self, user: User) -> None:
        """What one list asks for besides, as far as it concerns the user."""

    @property
    def values(self) -> dict[str, Any]:
        """What to filter by; of an address that cannot be read, that nothing is to be listed or acted on."""
        if self.errors:
            return {"unreadable": True}
        return {name: value for name, value in self.cleaned_data.items() if value not in (None, "")}

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """What the list is narrowed to: (label, value) of each filter that is set."""
        found = []
        for name, value in self.cleaned_data.items():
            if value in (None, ""):
                continue
            field = self.fields[name]
            if field.widget.is_hidden:
                continue
            choices: dict[Any, Any] = {}
            if isinstance(field, forms.ChoiceField) and not isinstance(field, forms.ModelChoiceField):
                choices = dict(flatten_choices(cast(list, field.choices)))
            found.append((str(field.label), str(choices.get(value, value))))
        return found


class QueueFilter(ListFilter):
    """Filters of the queue of 待审核. Who has bases of his own sees theirs first, unless he asks for more (GOAL-P6)."""

    assigned = forms.ChoiceField(
        label="分工",
        required=False,
        choices=[("all", "全部"), ("mine", "分配给我的"), ("nobody", "未分工的培训基地")],
    )
    turn = forms.ChoiceField(
        label="首次或再次",
        required=False,
        choices=[
            *ANY,
            ("first", "首次上报"),
            ("again", "再次上报"),
            ("untouched", "再次上报，退回后未修改"),
        ],
    )
    waiting = forms.ChoiceField(
        label="已等待",
        required=False,
        choices=[*ANY, ("3", "3 天以上"), ("7", "7 天以上"), ("14", "14 天以上")],
    )
    hints = forms.ChoiceField(label="系统提醒", required=False, choices=lambda: _hints())
    changed = forms.ChoiceField(label="与上次通过相比", required=False, choices=lambda: _changes())

    def __init__(self, user: User, data: Mapping[str, str]) -> None:
        self.own_bases = bases_of(user)
        if self.own_bases and not data.get("assigned"):
            data = {**{name: data[name] for name in data}, "assigned": "mine"}
        super().__init__(user, data)

    @property
    def shows_own(self) -> bool:
        """Nothing is asked for but the user's own bases."""
        return list(self.values) == ["bases"]

    @property
    def values(self) -> dict[str, Any]:
        found = super().values
        assigned = found.pop("assigned", "all")
        if assigned == "mine":
            found["bases"] = self.own_bases
        elif assigned == "nobody":
            found["is_unassigned"] = True
        return found


def _hints() -> list[tuple]:
    """Nothing to look at, something, or one kind of it (GOAL-P11): what the check before 上报 said, then what the
    quality list found."""
    # Two warnings may have one title, and are one choice (review/queue/lists.py).
    titles = {
        entry.title: code for code, entry in sorted(CATALOGUE.items(), reverse=True) if entry.is_warning
    }
    said = sorted((code, title) for title, code in titles.items())
    found = [(f"{QUALITY}{check.kind}", check.title) for check in CHECKS.values()]
    return [*ANY, ("none", "无提醒"), ("some", "有提醒"), ("上报前检查", said), ("数据质量", found)]


def _changes() -> list[tuple]:
    """What may have changed since the last approval: anything, nothing, or one field, grouped by its block."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for path, label in field_labels().items():
        block, _, field = label.partition("：")
        groups.setdefault(f"{block}有变化", []).append((path, field))
    return [*ANY, ("some", "有变化"), ("none", "没有变化"), *groups.items()]
