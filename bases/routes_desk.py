"""The base's desk: its board, its two lists, the record and what is done with it."""

from django.urls import path, register_converter

from bases.board import views as desk
from bases.extensions import views as extensions
from bases.lists.records import Module
from bases.personal import views as personal
from bases.records.views import records, training
from bases.report import views as reporting


class ModuleConverter:
    """The name of one of the two modules in an address."""

    regex = "|".join(Module.values)

    def to_python(self, value: str) -> Module:
        return Module(value)

    def to_url(self, value: str) -> str:
        return str(Module(value).value)


register_converter(ModuleConverter, "module")

urlpatterns = [
    path("", desk.desk, name="desk"),
    path("choose/", desk.choose_base, name="choose-base"),
    path("records/<module:module>/", desk.record_list, name="record-list"),
    path("report/", reporting.report, name="report"),
    path("return-personal/", personal.return_to_resident, name="return-personal"),
    path("remind/", personal.remind, name="remind"),
    path("extensions/", extensions.extension_list, name="extensions"),
    path("extensions/new/", extensions.extension_new, name="extension-new"),
    path("extensions/<int:pk>/withdraw/", extensions.extension_withdraw, name="extension-withdraw"),
    path("record/<int:pk>/", records.record, name="record"),
    path("record/<int:pk>/reports/<int:number>/", records.submission, name="submission"),
    path(
        "record/<int:pk>/files/<slug:block>/<slug:name>/<int:row>/", records.record_file, name="record-file"
    ),
    path("record/<int:pk>/answers/", records.review_answers, name="review-answers"),
    path("record/<int:pk>/history/", records.record_history, name="record-history"),
    path("record/<int:pk>/training/", training.training_edit, name="training-edit"),
    path("record/<int:pk>/status/", training.status_edit, name="status-edit"),
    path("record/<int:pk>/name/", training.name_correct, name="name-correct"),
    path("record/<int:pk>/withdraw/", reporting.withdraw, name="withdraw"),
]
