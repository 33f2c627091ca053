"""One record as a page of the base's desk may have it: 404 outside the scope, 403 where one may look but not act."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from bases.report.services import for_check
from bases.scope import enrollments_for
from portal.models import User
from portal.roles import Action
from residents.models import Enrollment


def record_for(user: User, pk: int, action: Action = Action.VIEW) -> Enrollment:
    """The record with all that its page shows. Raises Http404, or PermissionDenied for what he may only look at."""
    record = get_object_or_404(for_check(enrollments_for(user, Action.VIEW)), pk=pk)
    if action is not Action.VIEW and not may(user, record, action):
        raise PermissionDenied
    return record


def may(user: User, record: Enrollment, action: Action) -> bool:
    return enrollments_for(user, action).filter(pk=record.pk).exists()
