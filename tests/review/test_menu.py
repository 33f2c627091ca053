"""The main menu: grouped, nothing out of reach, the current page and its group marked."""

import re

import pytest
from django.urls import reverse

from portal.roles import Role
from review.menu import entries_of, menu_of

DATA = [
    "review:funnel",
    "review:statistics",
    "review:editions",
    "review:yearbook",
    "review:exams",
    "review:funding",
    "review:signatures",
    "review:quality",
    "review:exports",
]
REQUESTS = ["review:transfers", "review:corrections", "review:identity-checks", "review:extensions"]
# What folds away under which word; "" stands open.
OFFERED = {
    "resident": {"": ["residents:home", "residents:history"]},
    "base_officer": {
        "": [
            "bases:desk",
            "bases:record-list",
            "bases:record-list",
            "bases:import-list",
            "review:funnel",
            "bases:accounts",
            "bases:transfers",
            "review:staff",
        ],
        "年终": ["review:exams", "review:funding", "review:signatures"],
    },
    "provincial_reviewer": {
        "": ["review:queue", "review:residents"],
        "申请办理": [*REQUESTS, "review:completions"],
        "数据": DATA,
        "设置": ["review:switches", "review:staff"],
    },
    "national_officer": {
        "": ["review:national", "review:windows", "review:residents"],
        "申请办理": [
            *REQUESTS[:3],
            "review:merges",
            *REQUESTS[3:],
            "review:switches",
            "review:completions",
        ],
        "数据": DATA,
        "设置": [
            "review:organisations",
            "review:staff",
            "review:announcements",
            "review:audit",
            "review:running",
        ],
    },
}


@pytest.mark.parametrize("who", OFFERED)
def test_every_entry_opens_and_marks_itself(who, request, signed_in, cycle):
    """GOAL-S6: exactly one current page, and the group that it folds away in (BR-02)."""
    user = request.getfixturevalue(who)
    client, entries = signed_in(user), list(entries_of(user.role))
    assert [entry.route for entry in entries] == [
        route for routes in OFFERED[who].values() for route in routes
    ]
    for entry in entries:
        page = client.get(entry.address, follow=True).content.decode()
        nav = page[page.index('<nav class="desk-nav"') :].split("</nav>")[0]
        group = next(word for word, routes in OFFERED[who].items() if entry.route in routes)
        assert re.findall(r'aria-current="page">([^<]+)<', nav) == [entry.words]
        assert re.findall(r'<summary[^>]*aria-current="true">\s*([^<]+)<', nav) == [group] * bool(group)


@pytest.mark.parametrize(
    ("role", "route", "arguments", "expected"),
    [
        (Role.PROVINCE, "review:record", [7], ["全部住院医师"]),
        (Role.PROVINCE, "review:api-key-new", [], ["设置", "报送方式"]),
        (Role.PROVINCE, "review:assignments-of", ["33"], ["待审核"]),
        (Role.CMDA, "review:base", [7], ["设置", "机构"]),
        (Role.CMDA, "review:window", [2026, "report"], ["采集周期"]),
        (Role.CMDA, "review:return-statistics", [], ["数据", "统计"]),
        (Role.CMDA, "portal:messages", [], []),
    ],
)
def test_pages_below_an_entry_mark_it(role, route, arguments, expected):
    shown = [each for each in menu_of(role, reverse(route, args=arguments)) if each.is_current]
    assert [each.words for group in shown for each in (group, *filter(_current, group.entries))] == expected


def _current(each) -> bool:
    return each.is_current
