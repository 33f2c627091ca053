"""What is asked to freeze an edition, to correct it, to compare it."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.utils import timezone

from bases.models import Province
from bases.scope import provinces_for
from portal.models import User
from portal.roles import Action
from review.choices import ANY, _names
from review.editions.comparison import CAME, SIDES
from review.models import Edition, EditionOrder

_DAY = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"})
_TO_THE_SECOND = "%Y-%m-%dT%H:%M:%S"


class OrderForm(forms.Form):
    """An edition to be frozen: of which year, of which day, as approved until when."""

    year = forms.IntegerField(label="年度", min_value=2014, max_value=2099)
    kind = forms.ChoiceField(
        label="类型",
        choices=EditionOrder.Kind.choices,
        help_text="年度的第一版是初版；以后按期重新封版选定期修订，改正已封版本中的错误选更正。",
    )
    facts_on = forms.DateField(
        label="截止日",
        widget=_DAY,
        help_text="按这一天的培训状态统计：变更日期在此之后的不计，开始培训在此之后的另列。",
    )
    taken_at = forms.DateTimeField(
        label="入库截点（选填）",
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format=_TO_THE_SECOND),
        input_formats=[_TO_THE_SECOND, "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M"],
        help_text="只收录到这一刻为止审核通过的信息；不填即为现在。",
    )
    sign_until = forms.DateField(
        label="签署截止日（选填）",
        required=False,
        widget=_DAY,
        help_text="培训基地、省级在这一天结束以前签署；不填则不限。",
    )
    reason = forms.CharField(
        label="修订或更正的原因",
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="初版不用填写。原因会与前一版一起长期显示。",
    )

    def __init__(self, data: Any = None) -> None:
        today = timezone.localdate()
        last = Edition.objects.order_by("-year", "-number").first()
        year = last.year if last else today.year
        super().__init__(
            data,
            initial={
                "year": year,
                "kind": EditionOrder.Kind.REVISION if last else EditionOrder.Kind.FIRST,
                "facts_on": today,
            },
        )

    def clean_facts_on(self) -> date:
        day: date = self.cleaned_data["facts_on"]
        if not 2014 <= day.year <= 2099:
            raise forms.ValidationError("年份应在 2014 至 2099 之间。")
        return day

    def clean_sign_until(self) -> date | None:
        day: date | None = self.cleaned_data["sign_until"]
        if day and not timezone.localdate() <= day <= date(2099, 12, 31):
            raise forms.ValidationError("签署截止日不能早于今天，也不能晚于 2099 年；不限请留空。")
        return day

    def clean_taken_at(self) -> datetime | None:
        moment: datetime | None = self.cleaned_data["taken_at"]
        if moment and moment > timezone.now():
            raise forms.ValidationError("入库截点不能晚于现在；要收录到现在为止的信息，请留空。")
        if moment and moment.year < 2014:
            raise forms.ValidationError("年份应在 2014 以后。")
        return moment

    def clean(self) -> dict[str, Any]:
        kind, reason = self.cleaned_data.get("kind"), self.cleaned_data.get("reason", "")
        if kind == EditionOrder.Kind.FIRST:
            self.cleaned_data["reason"] = ""
        elif kind and "reason" not in self.errors and len(reason) < 4:
            self.add_error("reason", "请写明原因，至少 4 个字，例如“补录漏报的 12 人”。")
        return self.cleaned_data


class ErratumForm(forms.Form):
    """What is wrong in an edition."""

    text = forms.CharField(
        label="勘误内容",
        min_length=4,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="写明哪里有误、应为什么。本版不改动，正确的数据在下一版中。",
    )


class ComparisonForm(forms.Form):
    """Which side of the comparison is shown, of which province. What cannot be read asks for nothing."""

    side = forms.ChoiceField(label="变化", choices=list(SIDES.items()), required=False)
    province = forms.ChoiceField(label="省份", required=False)

    def __init__(self, data: Any, *, user: User) -> None:
        super().__init__({"side": CAME} | {name: data[name] for name in data})
        provinces = provinces_for(user, Action.VIEW)
        self.fields["province"].choices = [*ANY, *_names(provinces).items()]  # type: ignore[attr-defined]
        self.is_valid()

    @property
    def chosen_side(self) -> str:
        return self.cleaned_data.get("side") or CAME

    @property
    def filters(self) -> dict[str, str]:
        province = self.cleaned_data.get("province")
        return {"province_id": province} if province else {}

    @property
    def province_in_words(self) -> str:
        province = self.cleaned_data.get("province")
        return Province.objects.get(pk=province).name if province else ""
