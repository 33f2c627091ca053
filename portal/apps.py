"""The app of what all desks share; at start it puts our words and bounds into Django's forms, and it tends the
history's plans and the rights in the database after each migration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate, pre_migrate

from portal import checks  # noqa: F401 - registers them
from portal.chain import installation
from portal.form_values import use_own_values
from portal.form_words import use_own_words
from portal.history_plans import plan_by_hash
from portal.table_rights import refuse_stranger, set_up


class PortalConfig(AppConfig):
    name = "portal"

    def ready(self) -> None:
        use_own_words()
        use_own_values()
        pre_migrate.connect(refuse_stranger, sender=self)
        post_migrate.connect(plan_by_hash, sender=self)
        post_migrate.connect(installation.set_up, sender=self)
        # Last: whatever makes a function anew takes its rights away.
        post_migrate.connect(set_up, sender=self)
