"""Filters of a list that a person of the base has given a name (常用筛选)."""

from django.conf import settings
from django.db import models

from residents.models.enrollment import Module


class SavedView(models.Model):
    """One person's named filters and columns of one list: the query of its address, without a search for a person."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views")
    module = models.CharField(max_length=10, choices=Module.choices)
    name = models.CharField("名称", max_length=30)
    query = models.CharField(max_length=1000)

    class Meta:
        verbose_name = verbose_name_plural = "常用筛选"
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["user", "module", "name"], name="saved_view_name_once")
        ]

    def __str__(self) -> str:
        return self.name
