"""The app of the bases' desk."""

from django.apps import AppConfig


class BasesConfig(AppConfig):
    name = "bases"
