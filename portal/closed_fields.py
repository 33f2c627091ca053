"""What a form shows and does not take: a value sent for it all the same is refused, never left out under "saved"."""

from collections.abc import Mapping

from django import forms

from portal.parameters import text


def refuse_closed(form: forms.BaseForm, closed: Mapping[str, tuple[object, str]]) -> None:
    """Add to the form what was sent for a field that it does not take, unless it is what is there already.

    `closed`: field → (what is there, the sentence that says where it is changed). To be called from `clean`.
    """
    for name, (there, words) in closed.items():
        sent = text(form.data, form.add_prefix(name))
        if sent not in ("", str(there)):
            form.add_error(name if name in form.fields else None, words)
