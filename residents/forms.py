"""Form controls from the field dictionary: one function for every page that asks fields of residents/rules.

The forms validate nothing: services judge the raw values by the rules, `show_problems` puts the rules' words beside
the fields. So page, workbook and interface refuse alike, and an incomplete form can be saved (BR-53).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any, cast

from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from residents.codes import CODE_LISTS, SUGGESTIONS
from residents.rules import scans
from residents.rules.fields import Field, Problems, is_asked, is_needed
from residents.services import uploads

MOST_RADIOS = 4
YES_NO = (("True", "是"), ("False", "否"))
_BLANK = ("", "请选择")
_PHOTO_TYPES = "image/jpeg,image/heic,image/heif"


class Control(forms.Field):
    """What pages read of a control beyond Django's own; for annotations only, any field may carry it."""

    asked: str
    is_needed: bool
    notice: str
    comments: Sequence[object]


def scan_field(
    label: str, what: str, *, required: str = "", max_length: int | None = None
) -> forms.FileField:
    """A scan to upload outside the dictionary: what it shows, and the words where it must not be missing. Its bytes are
    judged by residents.services.uploads."""
    return forms.FileField(
        label=label,
        required=bool(required),
        max_length=max_length,
        allow_empty_file=True,
        widget=forms.FileInput({"accept": scans.ACCEPT}),
        help_text=f"{what}，{scans.HELP}",
        error_messages={"required": required},
    )


class SuggestedText(forms.TextInput):
    """A text input that offers values while typing and takes any other (PAIN-25)."""

    def __init__(self, suggestions: Iterable[str], attrs: dict | None = None) -> None:
        super().__init__(attrs)
        self.suggestions = suggestions

    def render(self, name: str, value: Any, attrs: dict | None = None, renderer: Any = None) -> SafeString:
        list_id = f"{(attrs or {}).get('id', name)}_list"
        control = super().render(name, value, {**(attrs or {}), "list": list_id}, renderer)
        options = format_html_join("", '<option value="{}"></option>', ((text,) for text in self.suggestions))
        return format_html('{}<datalist id="{}">{}</datalist>', control, list_id, options)


def form_for(
    fields: Iterable[Field],
    values: Mapping[str, Any],
    *,
    data: QueryDict | None = None,
    files: MultiValueDict | None = None,
    context: Mapping[str, Any] | None = None,
) -> forms.Form:
    """A form of these fields filled with `values`, or with `data` as it was sent.

    Fields whose condition on the context (what other blocks know) does not hold are left out; conditions among the
    fields themselves travel to the page as JSON in `field.asked`. `field.is_needed` is whether 上报 needs it.
    """
    fields = tuple(fields)
    names = {item.name for item in fields}
    known = {name: value for name, value in (context or {}).items() if name not in names}
    form = forms.Form(
        data, files, initial={item.name: as_input(item, values.get(item.name)) for item in fields}
    )
    for item in fields:
        outside = tuple(condition for condition in item.asked if condition[0] not in names)
        if is_asked(replace(item, asked=outside), known):
            control = _control(item, values.get(item.name))
            form.fields[item.name] = control
            inside = [condition for condition in item.asked if condition[0] in names]
            control.asked = _as_json(inside)
            if item.proposed and item.proposed.of in names:
                control.widget.attrs["data-proposed"] = json.dumps(asdict(item.proposed))
            if item.narrowed and item.narrowed.of in names:
                control.widget.attrs["data-narrowed"] = json.dumps(asdict(item.narrowed))
            control.is_needed = is_needed(replace(item, asked=()), {**known, **values})
    return form


def as_input(item: Field, value: Any) -> Any:
    """A stored value as the browser sends it; files have none."""
    if value is None or item.kind == "file":
        return None
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()[: 7 if item.kind == "month" else 10]
    return str(value)


def raw_of(form: forms.Form) -> dict[str, Any]:
    """What was sent for the form's fields; absent ones stay absent. A file is an upload, or False to remove it."""
    raw: dict[str, Any] = {}
    for name, control in form.fields.items():
        if isinstance(control, forms.FileField):
            if name in form.files:
                raw[name] = form.files[name]
            elif f"{name}-clear" in form.data:
                raw[name] = False
        elif name in form.data:
            raw[name] = form.data[name]
    return raw


def show_problems(form: forms.Form, problems: Problems, *, as_notices: bool = False) -> None:
    """Put errors beside their fields and warnings below them; `as_notices` displays errors of stored values so."""
    for name, found in problems.items():
        for problem in found:
            if name not in form.fields:
                if not (problem.is_warning or as_notices):
                    form.add_error(None, str(problem))
            elif problem.is_warning or as_notices:
                control = cast(Control, form.fields[name])
                control.notice = f"{getattr(control, 'notice', '')}{problem}"
            else:
                form.add_error(name, str(problem))


def _as_json(conditions: Iterable[tuple[str, tuple]]) -> str:
    """The conditions as data-asked wants them: values as texts of the page, blank for None."""
    plain = [
        [name, ["" if value is None else str(value) for value in allowed]] for name, allowed in conditions
    ]
    return json.dumps(plain, ensure_ascii=False) if plain else ""


def _control(item: Field, value: Any) -> Control:
    return cast(Control, _plain_control(item, value))


def _plain_control(item: Field, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": item.label, "help_text": item.help, "required": False}
    if item.kind == "file":
        told = _photo_told() if item.name == "photo" else {"accept": scans.ACCEPT}
        widget = forms.FileInput(told)
        return forms.FileField(widget=widget, allow_empty_file=True, **common)
    if item.kind == "bool":
        return forms.Field(widget=forms.RadioSelect(choices=YES_NO), **common)
    if item.kind == "code":
        return forms.Field(widget=_choices(item, value), **common)
    return forms.Field(widget=_input(item), **common)


def _photo_told() -> dict[str, str]:
    """What the page needs to judge a photo as the server does, before it is sent (PAIN-28)."""
    return {"accept": _PHOTO_TYPES, "data-photo": json.dumps(uploads.photo_told(), ensure_ascii=False)}


def _choices(item: Field, value: Any) -> forms.Widget:
    assert item.codes is not None
    listed = CODE_LISTS[item.codes]
    choices = listed.choices
    if value and value not in listed.offered:
        # An older record may hold a code that is no longer offered; a save must not lose it.
        choices = [*choices, (value, listed.label(value))]
    if len(choices) <= MOST_RADIOS and item.required:
        return forms.RadioSelect(choices=choices)
    return forms.Select(choices=[_BLANK, *choices])


def _input(item: Field) -> forms.Widget:
    limit = {"maxlength": item.max_length} if item.max_length else {}
    if item.suggestions:
        return SuggestedText(SUGGESTIONS[item.suggestions], {**limit, "autocomplete": "off"})
    match item.kind:
        case "date":
            return forms.DateInput({"type": "date", "max": "2100-12-31"})
        case "month":
            return forms.TextInput({"type": "month", "placeholder": "例如 2019-07"})
        case "int":
            return forms.NumberInput({"min": item.minimum, "max": item.maximum})
        case "mobile" | "phone":
            # Room for blanks, dashes and +86, which the rules strip; a telephone offers digits for this type.
            own = {"autocomplete": "tel"} if item.kind == "mobile" else {}
            return forms.TextInput({"type": "tel", "maxlength": 24, **own})
        case "email":
            return forms.EmailInput({**limit, "autocomplete": "email"})
        case "text" if item.keeps_lines:
            return forms.Textarea({**limit, "rows": 3})
    if item.is_number_text or item.kind in ("uscc", "id_number"):
        return forms.TextInput({"maxlength": 60, "spellcheck": "false"})
    return forms.TextInput(limit)
