"""The addresses of the resident's own pages."""

from django.urls import path

from residents.views import answers, home, own_copy, sections

app_name = "residents"

urlpatterns = [
    path("", home.home, name="home"),
    path("section/<slug:slug>/", sections.section, name="section"),
    path("education/", sections.education, name="education"),
    path("education/add/", sections.education_add, name="education-add"),
    path("education/<int:pk>/", sections.education_edit, name="education-edit"),
    path("education/<int:pk>/delete/", sections.education_delete, name="education-delete"),
    path("education/<int:pk>/scan/", sections.education_scan, name="education-scan"),
    path("files/<slug:slug>/<slug:name>/", sections.file, name="file"),
    path("training/", home.training, name="training"),
    path("history/", home.history, name="history"),
    path("returns/<int:pk>/answer/", home.answer, name="answer"),
    path("confirm/", home.confirm, name="confirm"),
    path("check/", answers.check, name="check"),
    path("check/confirm/", answers.confirm_all, name="confirm-all"),
    path("sheet/", answers.sheet, name="sheet"),
    path("copy/", own_copy.own_copy, name="own-copy"),
    path("copy/file/", own_copy.own_copy_file, name="own-copy-file"),
]
