"""A smaller list of a base as .xlsx: its rows in its order, the columns of its page (GOAL-B19).

The address of the page takes the POST itself, so the filters of the address are those of the file. Numbers are masked
as on the page, in full only for a purpose and through the gate (TRUST-51).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect

from bases.models import TrainingBase
from bases.reveal import PurposeForm, demand, hand_out
from portal.addresses import own_address
from portal.masking import mask
from portal.requests import SignedInRequest
from portal.sheets.streaming import stream_xlsx


class MaskForm(forms.Form):
    """Whether numbers leave in full, and what for: a purpose of at least four characters."""

    unmasked = forms.BooleanField(label="导出完整的证件号和手机号", required=False)
    purpose = forms.CharField(label="用途", max_length=100, required=False)

    def clean(self) -> dict[str, Any]:
        if self.cleaned_data.get("unmasked"):
            asked = PurposeForm({"purpose": self.cleaned_data.get("purpose", "")})
            if not asked.is_valid():
                self.add_error("purpose", str(asked.errors["purpose"][0]))
        return self.cleaned_data


@dataclass(frozen=True, slots=True)
class Column:
    """One column of such a file; a number of a person is masked where nothing else was asked for."""

    label: str
    cell: Callable[[Any], object]
    width: float = 16
    is_number: bool = False


def take_home(
    request: SignedInRequest,
    rows: Iterable[Any],
    columns: Sequence[Column],
    *,
    kind: str,
    title: str,
    at: TrainingBase | None,
    person: Callable[[Any], int] | None = None,
) -> HttpResponse:
    """The rows as a file to save, with its line of the audit log, or back to the list where the purpose is missing.

    `person` tells whom a row is about, as key of Resident, where the list shows numbers; without it none leave."""
    form = MaskForm(request.POST)
    if not form.is_valid():
        for texts in form.errors.values():
            messages.error(request, str(texts[0]))
        return redirect(own_address(request, request.get_full_path(), request.path))
    is_full = person is not None and form.cleaned_data["unmasked"]
    if is_full:
        demand(request.user, at)
    rows = list(rows)
    content = b"".join(
        stream_xlsx(
            [column.label for column in columns],
            ([_cell(column, row, is_full) for column in columns] for row in rows),
            sheet_name=title,
            widths=[column.width for column in columns],
        )
    )
    return hand_out(
        request,
        content,
        [person(row) if person else 0 for row in rows],
        at=at,
        kind=kind,
        title=title,
        purpose=form.cleaned_data["purpose"] if is_full else "",
    )


def _cell(column: Column, row: Any, is_full: bool) -> object:
    value = column.cell(row)
    return mask(str(value)) if column.is_number and not is_full else value
