"""The forms of 公告 and of the contact block."""

from django import forms

from portal.models import Notice, SiteContact


class NoticeForm(forms.ModelForm):
    """One notice of the association (BR-95)."""

    class Meta:
        model = Notice
        fields = ["title", "body", "audience", "is_pinned"]
        widgets = {"body": forms.Textarea(attrs={"rows": 12})}


class ContactForm(forms.ModelForm):
    """The contact block of sign-in and help pages (BR-94)."""

    class Meta:
        model = SiteContact
        fields = ["department", "department_phone", "support", "support_phone", "service_line", "email"]
