"""Forms of the province's desk: the filters of its lists, the decision and its comment, the statistics."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import QuerySet

from bases.models import Specialty
from bases.scope import provinces_for
from bases.submissions.differences import field_labels
from portal.models import User
from portal.roles import Action
from portal.searching import SearchField
from portal.widgets import LongSelect
from residents.codes import CODE_LISTS
from review.assignments.services import bases_of
from review.queue.lists import REVIEW_STATES, bases_in_view
from review.statistics import returns as return_statistics
from review.statistics.cross_table import BLANK, DIMENSIONS, SOURCES, UNKNOWN

ANY = [("", "全部")]


class ListFilter(forms.Form):
    """Filters kept in the address of a list."""

    q = SearchField(label="姓名或证件号", required=False, max_length=50)
    base = forms.ModelChoiceField(
        label="培训基地", queryset=None, required=False, empty_label="全部", widget=LongSelect
    )
    specialty = forms.ModelChoiceField(
        label="培训专业", queryset=Specialty.objects.all(), required=False, empty_label="全部"
    )
    year = forms.IntegerField(label="招收年份", required=False, min_value=2000, max_value=2100)
    type = forms.ChoiceField(
        label="人员类型", required=False, choices=lambda: ANY + CODE_LISTS["trainee_type"].choices
    )
    module = forms.ChoiceField(
        label="模块", required=False, choices=[*ANY, ("intake", "招收信息"), ("registry", "住院医师信息")]
    )

    def __init__(self, user: User, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base"].queryset = bases_in_view(user).order_by("code")
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


class QueueFilter(ListFilter):
    """Filters of the queue of 待审核. Who has bases of his own sees theirs first, unless he asks for more (P6)."""

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


class RecordFilter(ListFilter):
    """Filters of the list of every resident in view; who sees one province is not asked for it."""

    province = forms.ModelChoiceField(label="省份", queryset=None, required=False, empty_label="全部")
    status = forms.ChoiceField(
        label="培训状态", required=False, choices=lambda: ANY + CODE_LISTS["status"].choices
    )
    report = forms.ChoiceField(
        label="上报状态", required=False, choices=lambda: ANY + CODE_LISTS["report_status"].choices
    )
    review = forms.ChoiceField(
        label="审核状态",
        required=False,
        choices=[*ANY, *REVIEW_STATES.items()],
    )
    field_order = ["q", "province"]

    def narrow(self, user: User) -> None:
        provinces = provinces_for(user, Action.VIEW).order_by("code")
        self.fields["province"].queryset = provinces
        if len(provinces) < 2:
            del self.fields["province"]


class BulkForm(forms.Form):
    """Which records of the queue one click decides: `choices` is submission id → version of what was ticked."""

    act = forms.ChoiceField(choices=[("approve", "审核通过"), ("return", "退回修改")])
    range = forms.ChoiceField(choices=[("selected", "勾选的记录"), ("all", "筛选结果全部")])
    loaded_at = forms.CharField()

    def clean_loaded_at(self) -> datetime:
        try:
            moment = datetime.fromisoformat(self.cleaned_data["loaded_at"])
        except ValueError:
            moment = None
        if moment is None or moment.tzinfo is None:
            raise forms.ValidationError("页面已过期，请刷新后重试。")
        return moment

    def clean(self) -> dict[str, Any]:
        chosen = {}
        for mark in self.data.getlist("choice"):
            pk, _, version = mark.partition(":")
            if pk.isdigit() and version.isdigit() and len(mark) < 30:
                chosen[int(pk)] = int(version)
        self.cleaned_data["choices"] = chosen
        if self.cleaned_data.get("range") == "selected" and not chosen:
            raise forms.ValidationError("请先勾选要处理的记录。")
        return self.cleaned_data


class UnmaskForm(forms.Form):
    """The purpose for which someone asks to see numbers in full (TRUST 51)."""

    purpose = forms.CharField(
        label="查看用途",
        min_length=4,
        max_length=200,
        error_messages={
            "required": "请填写查看完整号码的用途。",
            "min_length": "请把用途写清楚，至少 4 个字。",
        },
    )


class ExportForm(forms.Form):
    """How a list of people leaves the portal: masked, or in full for a stated purpose (GOALS N5)."""

    file_format = forms.ChoiceField(
        label="文件格式",
        required=False,
        choices=[("xlsx", "Excel 工作簿（xlsx）"), ("csv", "文本文件（csv）")],
    )
    unmasked = forms.BooleanField(label="导出完整的证件号和手机号", required=False)
    purpose = forms.CharField(label="用途", required=False, max_length=200)

    def clean_file_format(self) -> str:
        return self.cleaned_data["file_format"] or "xlsx"

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("unmasked") and len(self.cleaned_data.get("purpose", "")) < 4:
            self.add_error("purpose", "导出完整号码须写明用途，至少 4 个字；用途会记入操作记录。")
        return self.cleaned_data


class StatisticsExportForm(ExportForm):
    """As ExportForm; the records behind a number can also leave with all that was collected of them."""

    kind = forms.ChoiceField(
        label="导出内容",
        required=False,
        choices=[("statistics_list", "名单（主要信息）"), ("records_in_full", "完整采集信息（全部字段）")],
    )
    field_order = ["kind", "file_format"]

    def clean_kind(self) -> str:
        return self.cleaned_data["kind"] or "statistics_list"


class RevokeForm(forms.Form):
    """撤销审核决定 with its reason."""

    reason = forms.CharField(
        label="撤销理由", max_length=200, error_messages={"required": "请填写撤销理由，培训基地会看到。"}
    )


class StatisticsForm(forms.Form):
    """Which two dimensions are crossed, of which source, narrowed by which values of the others."""

    source = forms.ChoiceField(
        label="统计口径",
        choices=list(SOURCES.items()),
        required=False,
        help_text="现有人员：每人最近一次审核通过的信息；招收原始信息：招收审核通过时的信息，不随后来的更新变化。",
    )
    rows = forms.ChoiceField(label="行", choices=lambda: _dimensions(), required=False)
    columns = forms.ChoiceField(label="列", choices=lambda: _dimensions(), required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        # The boxes show what the table shows, also where the address says nothing.
        super().__init__({"rows": "province", "columns": "type"} | {name: data[name] for name in data})
        own = {
            "province": lambda: _names(provinces_for(user, Action.VIEW)),
            "base": lambda: _names(bases_in_view(user).order_by("province_id", "code")),
        }
        for key, dimension in DIMENSIONS.items():
            if key == "year":
                field: forms.Field = forms.IntegerField(min_value=2000, max_value=2100, required=False)
            else:
                names = own.get(key, dimension.names)()
                choices = [*ANY, *names.items(), *([(BLANK, UNKNOWN)] if dimension.can_be_blank else [])]
                field = forms.ChoiceField(choices=choices, required=False, widget=LongSelect)
            field.label = dimension.label
            self.fields[key] = field
        self.is_valid()

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in DIMENSIONS]

    @property
    def is_readable(self) -> bool:
        return not self.errors

    @property
    def filters(self) -> dict[str, str]:
        return {key: str(self.cleaned_data[key]) for key in DIMENSIONS if self.cleaned_data.get(key)}

    @property
    def crossed(self) -> tuple[str, str]:
        """The two dimensions, different ones whatever was asked."""
        rows = self.cleaned_data.get("rows") or "province"
        columns = self.cleaned_data.get("columns") or "type"
        return (rows, columns) if rows != columns else (rows, "year" if rows != "year" else "type")

    @property
    def asked_twice(self) -> bool:
        """Whether rows and columns were asked to be the same dimension."""
        return bool(self.cleaned_data.get("rows")) and self.crossed[1] != (
            self.cleaned_data.get("columns") or "type"
        )

    @property
    def chosen_source(self) -> str:
        return self.cleaned_data.get("source") or "current"


class ReturnStatisticsForm(forms.Form):
    """By what the reasons of returns are split, narrowed by which values; what cannot be read asks for nothing."""

    rows = forms.ChoiceField(
        label="按",
        choices=[(key, each.label) for key, each in return_statistics.SPLIT.items()],
        required=False,
    )

    def __init__(self, data: Any, *, user: User) -> None:
        # The boxes show what the table shows, also where the address says nothing.
        super().__init__({"rows": "base"} | {name: data[name] for name in data})
        own = {
            "province": lambda: _names(provinces_for(user, Action.VIEW)),
            "base": lambda: _names(bases_in_view(user).order_by("province_id", "code")),
        }
        for key, dimension in return_statistics.ALL.items():
            if key == "year":
                field: forms.Field = forms.IntegerField(min_value=2000, max_value=2100, required=False)
            else:
                field = forms.ChoiceField(
                    choices=[*ANY, *own.get(key, dimension.names)().items()], required=False
                )
            field.label = dimension.label
            self.fields[key] = field
        self.is_valid()

    @property
    def narrowing(self) -> list[forms.BoundField]:
        return [self[key] for key in return_statistics.ALL]

    @property
    def filters(self) -> dict[str, str]:
        return {
            key: str(self.cleaned_data[key]) for key in return_statistics.ALL if self.cleaned_data.get(key)
        }

    @property
    def chosen_rows(self) -> str:
        return self.cleaned_data.get("rows") or "base"


def _changes() -> list[tuple]:
    """What may have changed since the last approval: anything, nothing, or one field, grouped by its block."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for path, label in field_labels().items():
        block, _, field = label.partition("：")
        groups.setdefault(f"{block}有变化", []).append((path, field))
    return [*ANY, ("some", "有变化"), ("none", "没有变化"), *groups.items()]


def _dimensions() -> list[tuple[str, str]]:
    return [(key, dimension.label) for key, dimension in DIMENSIONS.items()]


def _names(organisations: QuerySet) -> dict[str, str]:
    return {str(pk): name for pk, name in organisations.values_list("pk", "name")}
