"""Choices that the filters of several lists share."""

from django.db.models import QuerySet

ANY = [("", "全部")]


def _names(organisations: QuerySet) -> dict[str, str]:
    return {str(pk): name for pk, name in organisations.values_list("pk", "name")}
