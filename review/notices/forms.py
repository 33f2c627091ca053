"""The forms of 公告 and of the contact block."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from portal.models import Notice, NoticeFile, SiteContact
from residents.rules import scans
from residents.services.uploads import upload_problem

MOST_FILES = 10


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once, each judged by its bytes as every scan is."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        """Raises ValidationError that names each file which cannot be taken."""
        files: list[UploadedFile] = [super(FilesField, self).clean(each) for each in data or ()]
        refused = [f"“{each.name}”：{found}" for each in files if (found := upload_problem("notice", each))]
        if refused:
            raise forms.ValidationError(refused)
        return files

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data)


class NoticeForm(forms.ModelForm):
    """One notice of the association (BR-95)."""

    new_files = FilesField(
        label="添加附件（选填）",
        required=False,
        allow_empty_file=True,
        widget=FilesInput({"accept": scans.ACCEPT}),
        help_text=f"可以一次选择几个文件，每个须为 {scans.HELP}能看到这条公告的人都可以下载。",
    )
    dropped = forms.ModelMultipleChoiceField(
        label="移除附件",
        queryset=NoticeFile.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = Notice
        fields = ["title", "body", "audience", "provinces", "is_pinned"]
        widgets = {"body": forms.Textarea(attrs={"rows": 12}), "provinces": forms.CheckboxSelectMultiple}
        help_texts = {"provinces": "不选为全国。限定省份的公告不显示在首页，相关人员登录后可见。"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk and self.instance.files.exists():
            self.fields["dropped"].queryset = self.instance.files.all()  # type: ignore[attr-defined]
        else:
            del self.fields["dropped"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or self.cleaned_data
        kept = self.instance.files.count() if self.instance.pk else 0
        number = kept - len(given.get("dropped", ())) + len(given.get("new_files", ()))
        if number > MOST_FILES:
            self.add_error("new_files", f"一条公告最多 {MOST_FILES} 个附件，现在共 {number} 个，请减少。")
        return given


class ContactForm(forms.ModelForm):
    """The contact block of sign-in and help pages (BR-94)."""

    class Meta:
        model = SiteContact
        fields = ["department", "department_phone", "support", "support_phone", "service_line", "email"]
