"""常用筛选: a person's named filters and columns of his two lists."""

from django import forms
from django.http import QueryDict

from bases.models import SavedView
from portal.models import User

MOST = 20
# Where one is in the list, and for whom one looks, is no standing filter (TRUST-52).
_LEFT_OUT = ("page", "q")


class NameForm(forms.Form):
    name = forms.CharField(
        label="名称",
        max_length=30,
        error_messages={
            "required": "请给常用筛选起一个名称，例如“内科待上报”。",
            "max_length": "名称最多 30 个字。",
        },
    )


def views_of(user: User, module: str) -> list[SavedView]:
    return list(user.saved_views.filter(module=module))


def save_view(user: User, module: str, name: str, params: QueryDict) -> SavedView | None:
    """Keep the filters of this address under the name, instead of what had it before; None where there are too many
    already or the filters are too long."""
    kept = params.copy()
    for each in _LEFT_OUT:
        kept.pop(each, None)
    query, own = kept.urlencode(), user.saved_views.filter(module=module)
    if len(query) > 1000 or (own.count() >= MOST and not own.filter(name=name).exists()):
        return None
    view, _ = SavedView.objects.update_or_create(
        user=user, module=module, name=name, defaults={"query": query}
    )
    return view


def delete_view(view: SavedView) -> None:
    """Take a named filter away; only its owner has it."""
    view.delete()
