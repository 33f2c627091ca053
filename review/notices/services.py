"""What the association publishes and takes back (BR-95), and its contact block (BR-94)."""

import uuid
from pathlib import PurePath

from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.forms import ModelForm
from django.utils import timezone

from portal import audit
from portal.models import Notice, NoticeFile, SiteContact, User
from review.notices.readers import mark_read

LONGEST_NAME = NoticeFile._meta.get_field("name").max_length


def save_notice(form: ModelForm, *, by: User) -> Notice:
    """Publish a new notice, or change a published one, with its files. Its author has read it."""
    is_new = form.instance.pk is None
    if is_new:
        form.instance.published_by = by
    with transaction.atomic():
        notice: Notice = audit.save_form("save_notice", form, by=by, title=form.instance.title)
        notice.files.filter(pk__in=form.cleaned_data.get("dropped", ())).delete()
        for upload in form.cleaned_data["new_files"]:
            _attach(notice, upload)
        if is_new:
            mark_read(notice, by)
    return notice


def _attach(notice: Notice, upload: UploadedFile) -> None:
    name = PurePath(upload.name or "").stem[:LONGEST_NAME] or "附件"
    # What the sender called the file is never a path.
    upload.name = uuid.uuid4().hex
    NoticeFile.objects.create(notice=notice, file=upload, name=name)


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
