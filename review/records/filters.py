"""The filters of the reviewers' list of all residents."""

from typing import cast

from django import forms

from bases.models import Province
from bases.scope import provinces_for
from portal.models import User
from portal.roles import Action
from residents.codes import CODE_LISTS
from review.choices import ANY
from review.queue.filters import ListFilter
from review.records.lists import ENDED, REVIEW_STATES


class RecordFilter(ListFilter):
    """Filters of the list of every resident in view; who sees one province is not asked for it."""

    province = forms.ModelChoiceField(
        label="省份", queryset=Province.objects.none(), required=False, empty_label="全部"
    )
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
    todo = forms.ChoiceField(
        label="专业基地招收年份",
        required=False,
        choices=[*ANY, *((each.value, each.label) for each in ENDED)],
    )
    field_order = ["q", "province"]

    def narrow(self, user: User) -> None:
        provinces = provinces_for(user, Action.VIEW).order_by("code")
        cast(forms.ModelChoiceField, self.fields["province"]).queryset = provinces
        if len(provinces) < 2:
            del self.fields["province"]
