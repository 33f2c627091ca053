"""Rows of lists and parts of long pages in Jinja2, which writes a cell ten times as fast as Django's templates
(docs/performance.md): `*.jinja` beside the page that shows it by `{% rows %}`. Pages, and what frames them, stay
Django's.

What a name stands for must be handed over, else it is an error; every value is escaped.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import jinja2
from django.urls import reverse
from django.utils import timezone

from portal.calendar import last_moment
from portal.templatetags.portal_tags import days_since, icon, mask_id
from residents.templatetags.record_tags import badge, code_label

# No record has such a number.
_MARK = 4_000_000_000_000_000


def environment(**options: Any) -> jinja2.Environment:
    """The filters and words of the templates under their names there, as far as rows need them."""
    shape = {
        "autoescape": True,
        "undefined": jinja2.StrictUndefined,
        "trim_blocks": True,
        "lstrip_blocks": True,
    }
    made = jinja2.Environment(**options | shape)  # nosec B701 # it does, by the shape
    made.filters |= {
        "mask_id": mask_id,
        "code_label": code_label,
        "days_since": days_since,
        "last_moment": last_moment,
        "moment": moment,
    }
    made.globals |= {"badge": badge, "icon": icon, "route": route, "address": address}
    return made


def moment(at: datetime, shape: str = "%Y-%m-%d %H:%M") -> str:
    """The moment as the clock on the wall shows it."""
    return timezone.localtime(at).strftime(shape)


def route(name: str, numbers: int = 1) -> Callable[..., str]:
    """The addresses of a route that takes so many numbers: reversed once, for any number of rows."""
    marks = range(_MARK, _MARK + numbers)
    shape = reverse(name, args=list(marks))
    for mark in marks:
        shape = shape.replace(str(mark), "{}")
    return shape.format


def address(name: str, *arguments: object) -> str:
    """One address with words in it, where few of the rows have one; `route` is for all rows."""
    return reverse(name, args=arguments)
