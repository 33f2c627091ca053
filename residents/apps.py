"""The app of the residents' records; keeps the code lists (代码表) of each process up to date."""

from importlib import import_module

from django.apps import AppConfig
from django.core.signals import request_started


class ResidentsConfig(AppConfig):
    name = "residents"

    def ready(self) -> None:
        # Models are loaded by now; the first request or task, not the start, asks the database.
        code_lists = import_module("residents.services.code_lists")
        signals = import_module("django_tasks.signals")
        request_started.connect(code_lists.refresh, dispatch_uid="code lists")
        signals.task_started.connect(code_lists.refresh, dispatch_uid="code lists")
