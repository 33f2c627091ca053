"""What people have typed and not yet saved (GOAL-R4, PAIN-22): kept on the server, beyond the end of a session."""

from django.http import QueryDict
from django.utils import timezone

from portal.characters import storable
from portal.models import FormDraft, User
from portal.parameters import texts

# A draft never holds these, whoever sends them.
NEVER_KEPT = ("csrfmiddlewaretoken", "password", "old_password", "new_password1", "new_password2", "code")
LONGEST = 200_000
# Of one person; whoever fills in more forms at once loses the oldest.
MOST = 50


def save_draft(user: User, form: str, data: str, base_version: int = 0) -> FormDraft:
    """Keep the form's fields as the browser sent them (urlencoded); replaces an earlier draft of the same form. Nobody
    fills the disk with what he never saves: beyond MOST the oldest go (TRUST-79)."""
    values = QueryDict(data[:LONGEST], mutable=True)
    for name in NEVER_KEPT:
        values.pop(name, None)
    kept = {storable(name): texts(values, name) for name in values}
    draft, is_new = FormDraft.objects.update_or_create(
        user=user,
        form=form[:120],
        defaults={"data": kept, "base_version": base_version, "saved_at": timezone.now()},
    )
    if is_new:
        own = FormDraft.objects.filter(user=user).order_by("-saved_at", "-pk")
        own.filter(pk__in=list(own.values_list("pk", flat=True)[MOST:])).delete()
    return draft


def draft_for(user: User, form: str) -> FormDraft | None:
    return FormDraft.objects.filter(user=user, form=form).first()


def data_of(draft: FormDraft) -> QueryDict:
    """The draft in the shape of request.POST, to fill the form again."""
    values = QueryDict(mutable=True)
    for name, entries in draft.data.items():
        values.setlist(name, entries)
    return values


def discard_draft(user: User, form: str) -> None:
    FormDraft.objects.filter(user=user, form=form).delete()
