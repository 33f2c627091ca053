"""One sentence on several lines of a template is one sentence on the page."""

import pytest
from django.template import Context, Template


def rendered(source: str, **context) -> str:
    return Template("{% load portal_tags %}{% joined %}" + source + "{% endjoined %}").render(
        Context(context)
    )


@pytest.mark.parametrize(
    ("names", "words"),
    [(["甲", "乙"], "名单：<b>甲</b>、<b>乙</b>。"), ([], "名单：无。")],
    ids=["two", "none"],
)
def test_breaks_between_the_parts_are_not_shown(names, words):
    source = """
      名单：
      {% for name in names %}
        <b>{{ name }}</b>
        {% if not forloop.last %}、{% endif %}
      {% empty %}
        无
      {% endfor %}
      。
    """
    assert rendered(source, names=names) == words


def test_a_space_inside_a_line_stays():
    assert rendered("\n  共 {{ n }} 人\n  {% if n %} · 待审核{% endif %}\n", n=3) == "共 3 人 · 待审核"


def test_what_a_variable_holds_stays_as_it_is():
    assert rendered("\n  {{ text }}\n", text="一\n 二") == "一\n 二"
