"""The HTML of form fields: the control, its label and its notes, tied together for screen readers (GOAL-S6).

Written in Python, since Django renders a template for every widget and every option, and a page of 基本信息 has a
thousand of them (docs/performance.md). Every control of every page is written here: a template says `{% control %}`
or `_parts/field.html`, and `FORM_RENDERER` in the settings leads here whatever a widget renders by itself.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import Any

from django import forms
from django.forms.renderers import DjangoTemplates
from django.template.defaultfilters import date as date_in_words
from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString, mark_safe

# (value, label), or (name of a group, its choices).
Choice = tuple[str, str | tuple[tuple[str, str], ...]]
GROUPS_OF_BOXES = forms.RadioSelect | forms.CheckboxSelectMultiple
NEEDED = '<span class="needed" title="上报前必填">*</span>'


def attributes_html(attributes: Mapping[str, Any]) -> str:
    """As Django's template writes them: True stands alone, False is left out."""
    return "".join(
        f" {name}" if value is True else f' {name}="{escape(value)}"'
        for name, value in attributes.items()
        if value is not False
    )


# --- widgets by the template that Django would render ----------------------------------------------------------------


def _input(widget: Mapping[str, Any]) -> str:
    value = "" if widget["value"] is None else f' value="{escape(widget["value"])}"'
    return (
        f'<input type="{widget["type"]}" name="{escape(widget["name"])}"{value}'
        f"{attributes_html(widget['attrs'])}>"
    )


def _textarea(widget: Mapping[str, Any]) -> str:
    return (
        f'<textarea name="{escape(widget["name"])}"{attributes_html(widget["attrs"])}>\n'
        f"{escape(widget['value'] or '')}</textarea>"
    )


def _boxes(widget: Mapping[str, Any]) -> str:
    """Radio buttons or check boxes, each in its label."""
    attributes = {name: widget["attrs"][name] for name in ("id", "class") if widget["attrs"].get(name)}
    lines = [f"<div{attributes_html(attributes)}>"]
    for group, options, _ in widget["optgroups"]:
        if group:
            lines.append(f"<div><label>{escape(group)}</label>")
        lines += [f"<div>{_box(option)}</div>" for option in options]
        if group:
            lines.append("</div>")
    return "\n".join([*lines, "</div>"])


def _box(option: Mapping[str, Any]) -> str:
    target = option["attrs"].get("id")
    return (
        f"<label{attributes_html({'for': target} if target else {})}>{_input(option)}"
        f" {conditional_escape(option['label'])}</label>"
    )


_INPUTS = (
    "text",
    "number",
    "email",
    "url",
    "password",
    "hidden",
    "date",
    "datetime",
    "time",
    "file",
    "checkbox",
)
_WRITTEN: dict[str, Callable[[Mapping[str, Any]], str]] = {
    **dict.fromkeys((f"django/forms/widgets/{name}.html" for name in _INPUTS), _input),
    "django/forms/widgets/textarea.html": _textarea,
    "django/forms/widgets/radio.html": _boxes,
    "django/forms/widgets/checkbox_select.html": _boxes,
}


class Renderer(DjangoTemplates):
    """Django's form renderer, which leaves the common widgets to this module."""

    def render(self, template_name: str, context: dict[str, Any], request: Any = None) -> str:
        write = _WRITTEN.get(template_name)
        if write is None:
            return super().render(template_name, context, request)
        return mark_safe(write(context["widget"]))  # nosec B308 B703 # escaped above


# --- menus -----------------------------------------------------------------------------------------------------------


class Menu(forms.Select):
    """A select whose options are written once for all forms that offer the same ones."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        options, places = options_html(tuple(map(_plain, self.choices)))
        chosen = [places[text] for text in self.format_value(value) if text in places]
        if chosen:
            at = min(chosen)
            options = [*options[:at], options[at].replace('">', '" selected>', 1), *options[at + 1 :]]
        attributes = attributes_html(self.build_attrs(self.attrs, attrs))
        return mark_safe(f'<select name="{escape(name)}"{attributes}>\n{"".join(options)}</select>')  # nosec B308 B703 # escaped above


def _plain(choice: tuple[Any, Any]) -> Choice:
    """Texts only: they are what the options are kept by, and a choice of a model would hold on to its row."""
    value, label = choice
    if isinstance(label, list | tuple):
        return str(value), tuple(("" if key is None else str(key), str(words)) for key, words in label)
    return "" if value is None else str(value), str(label)


@lru_cache(maxsize=256)
def options_html(choices: tuple[Choice, ...]) -> tuple[list[str], dict[str, int]]:
    """The options of a menu, none selected, and at which place of the list each value has its (first) option."""
    lines: list[str] = []
    places: dict[str, int] = {}

    def write(options: Iterable[tuple[str, str]]) -> None:
        for value, label in options:
            places.setdefault(value, len(lines))
            lines.append(f'<option value="{escape(value)}">{escape(label)}</option>\n')

    for value, label in choices:
        if isinstance(label, str):
            write([(value, label)])
        else:
            lines.append(f'<optgroup label="{escape(value)}">\n')
            write(label)
            lines.append("</optgroup>\n")
    return lines, places


# --- fields ----------------------------------------------------------------------------------------------------------


def control(field: forms.BoundField) -> SafeString:
    """The control with the design's class, and connected with its error and help."""
    widget = field.field.widget
    if isinstance(widget, forms.CheckboxInput):
        css = "form-check-input"
    elif isinstance(widget, GROUPS_OF_BOXES):
        css = "form-check-inputs"
    elif isinstance(widget, forms.Select):
        css = "form-select"
    else:
        css = "form-control"
    errors = field.errors
    described = [
        f"{field.auto_id}_{part}" for part, text in (("error", errors), ("help", field.help_text)) if text
    ]
    attributes: dict[str, Any] = {
        "class": f"{widget.attrs.get('class', '')} {css}{' is-invalid' if errors else ''}".strip()
    }
    if described:
        attributes["aria-describedby"] = " ".join(described)
    if errors:
        attributes["aria-invalid"] = "true"
    if type(widget) is forms.Select:
        return field.as_widget(Menu(widget.attrs, widget.choices), attributes)
    return field.as_widget(attrs=attributes)


def field_box(field: forms.BoundField) -> SafeString:
    """The field as a page displays it: label or legend, control, comments, errors, notice, help. The list of errors at
    the head of a form leads to its id."""
    widget, label = field.field.widget, conditional_escape(field.label)
    asked = getattr(field.field, "asked", "")
    needed = NEEDED if getattr(field.field, "is_needed", False) else ""
    target = f' for="{escape(field.id_for_label)}"'
    if isinstance(widget, GROUPS_OF_BOXES):
        inner = (
            f'<fieldset>\n<legend class="form-label">{label}{needed}</legend>\n'
            f"{control(field)}\n{_notes(field)}</fieldset>"
        )
    elif isinstance(widget, forms.CheckboxInput):
        inner = (
            f'<div class="form-check">\n{control(field)}<label class="form-check-label"{target}>{label}</label>\n'
            f"</div>\n{_notes(field)}"
        )
    else:
        inner = (
            f'<label class="form-label"{target}>{label}{needed}</label>\n{control(field)}\n{_notes(field)}'
        )
    return mark_safe(  # nosec B308 B703 # escaped above
        f'<div class="field{" field-bad" if field.errors else ""}" id="{escape(field.auto_id)}_box"'
        f"{attributes_html({'data-asked': asked} if asked else {})}>\n{inner}</div>"
    )


def _notes(field: forms.BoundField) -> str:
    notes = [
        f'<div class="field-comment">\n<span class="prose">{escape(comment.text)}</span>\n'
        f'<span class="muted">{escape(comment.by)} · {date_in_words(comment.at, "m-d H:i")}</span>\n</div>\n'
        for comment in getattr(field.field, "comments", ())
    ]
    if field.errors:
        said = "".join(f"<p>{conditional_escape(str(error))}</p>" for error in field.errors)
        notes.append(f'<div class="field-error" id="{escape(field.auto_id)}_error">{said}</div>\n')
    if notice := getattr(field.field, "notice", ""):
        notes.append(f'<div class="field-notice">{conditional_escape(notice)}</div>\n')
    if field.help_text:
        notes.append(
            f'<div class="field-help" id="{escape(field.auto_id)}_help">{conditional_escape(field.help_text)}</div>\n'
        )
    return "".join(notes)
