"""The app of what all desks share; at start it puts our words and bounds into Django's forms, and
tends the history's plans."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from portal import checks  # noqa: F401 - registers them
from portal.form_values import use_own_values
from portal.form_words import use_own_words
from portal.history_plans import plan_by_hash


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        use_own_words()
        use_own_values()
        post_migrate.connect(plan_by_hash, sender=self)
