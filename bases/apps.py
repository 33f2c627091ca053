"""The app of the bases' desk; at start it tells the floor below who works where, and the worker what can be done to
many records at once."""

from importlib import import_module

from django.apps import AppConfig


class BasesConfig(AppConfig):
    name = "bases"

    def ready(self) -> None:
        import_module("portal.access").ask_for_place(import_module("bases.scope").has_place)
        import_module("bases.deeds")
