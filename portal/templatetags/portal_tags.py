"""What every page's template needs that Django has not: form controls, masks, links that keep the filters."""

import re
from datetime import date, datetime
from functools import lru_cache
from typing import cast

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import engines
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.module_loading import import_string
from django.utils.safestring import mark_safe

from portal import controls
from portal.calendar import last_moment as calendar_last_moment
from portal.masking import mask, mask_numbers

register = template.Library()


@register.filter
def mask_id(number: str | None) -> str:
    """An ID number with its middle hidden (TRUST-51)."""
    return mask(number or "")


@register.filter
def mask_mobile(number: str | None) -> str:
    return mask(number or "")


@register.filter
def grouped(number: int) -> str:
    """A whole number with commas between its thousands."""
    return f"{number:,}"


@register.filter
def percent(number: float | None) -> str:
    """A share in percent; of nothing a dash."""
    return "—" if number is None else f"{number}%"


@register.filter
def mask_typed(text: str) -> str:
    """A sentence that may quote what somebody typed, numbers of persons in it masked."""
    return mask_numbers(text)


@register.filter
def last_moment(closes_at: datetime | None) -> str:
    """A deadline in words: the last second in which it is still open."""
    return calendar_last_moment(closes_at) if closes_at else ""


@register.filter
def days_since(moment: datetime | date | None) -> int:
    """Whole days from a moment or a day until now, for waiting times."""
    if moment is None:
        return 0
    return (timezone.now() - moment if isinstance(moment, datetime) else timezone.localdate() - moment).days


@register.filter
def time_left(moment: datetime) -> str:
    """How long until a deadline; Django's own words for it are "1 月" and "2 周"."""
    minutes = max(int((moment - timezone.now()).total_seconds()) // 60, 0)
    days, hours = minutes // 1440, minutes // 60 % 24
    if days >= 7:
        return f"{days} 天"
    if days:
        return f"{days} 天 {hours} 小时" if hours else f"{days} 天"
    if hours:
        return f"{hours} 小时 {minutes % 60} 分钟"
    return f"{minutes} 分钟" if minutes else "不到 1 分钟"


@register.simple_tag(takes_context=True)
def query(context: dict, **changes: object) -> str:
    """The current address's query string with some values replaced (None or "" removes): filters stay in the URL."""
    request: HttpRequest = context["request"]
    values = request.GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            values.pop(name, None)
        else:
            values[name] = str(value)
    return f"?{values.urlencode()}" if values else "?"


@register.simple_tag(takes_context=True)
def manual_place(context: dict) -> str:
    """The address of the manual's section on this page (GOAL-S7); "" where there is none."""
    match = getattr(context.get("request"), "resolver_match", None)
    return import_string(settings.MANUAL_PLACE)(match.view_name) if match else ""


@register.simple_tag
def rows(part: str, **given: object) -> str:
    """A part in Jinja2 with what it is given: what would cost too much in a loop of a page (residents/rows.py)."""
    return mark_safe(engines["rows"].get_template(part).render(given))  # nosec B308 B703 # Jinja2 escapes


register.simple_tag(controls.control)
register.simple_tag(controls.field_box)


class _Joined(template.Node):
    def __init__(self, nodelist: template.NodeList):
        self.nodelist = nodelist

    def render(self, context: template.Context) -> str:
        return self.nodelist.render(context)


@register.tag
def joined(parser: template.base.Parser, token: template.base.Token) -> template.Node:
    """One sentence on several lines: the breaks of the template between its parts are not shown.

    A browser shows a line break as a space, which Chinese has not between its words. A space that is meant stays
    inside its line. Only the text of the template is joined, never what a variable holds.
    """
    nodelist = parser.parse(("endjoined",))
    parser.delete_first_token()
    texts = cast(list[template.base.TextNode], nodelist.get_nodes_by_type(template.base.TextNode))
    for text in texts:
        text.s = re.sub(r"\s*\n\s*", "", text.s)
    return _Joined(nodelist)


@register.simple_tag
@lru_cache
def icon(name: str) -> str:
    """A decorative icon, one of portal/bootstrap/frontend.py's ICONS, hidden from screen readers."""
    return format_html(
        '<svg class="ti ti-{}" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>',
        name,
        static("vendor/icons/icons.svg"),
        name,
    )
