"""What the association publishes and takes back (BR-95), and its contact block (BR-94)."""

from django.db import transaction
from django.forms import ModelForm
from django.utils import timezone

from portal import audit
from portal.models import Notice, SiteContact, User


def save_notice(form: ModelForm, *, by: User) -> Notice:
    """Publish a new notice, or change a published one."""
    if form.instance.pk is None:
        form.instance.published_by = by
    return audit.save_form("save_notice", form, by=by, title=form.instance.title)


def withdraw_or_restore(pk: int, *, by: User) -> Notice:
    """Take a notice off the home page, or put it back."""
    with transaction.atomic():
        notice = Notice.objects.select_for_update().get(pk=pk)
        notice.withdrawn_at = None if notice.withdrawn_at else timezone.now()
        notice.save(update_fields=["withdrawn_at"])
        act = "withdraw_notice" if notice.withdrawn_at else "restore_notice"
        audit.record(act, by=by, target=notice, title=notice.title)
    return notice


def save_contact(form: ModelForm, *, by: User) -> SiteContact:
    """The one contact block that every page shows."""
    return audit.save_form("save_contact", form, by=by)
