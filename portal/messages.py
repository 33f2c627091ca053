from collections.abc import Iterable

from portal.models import Message, User


def send(recipients: Iterable[User | int], *, kind: str, subject: str, body: str = "", link: str = "") -> int:
    """Put one message into each person's in-site box (GOALS S4); returns how many. Takes users or their ids."""
    ids = {person if isinstance(person, int) else person.pk for person in recipients}
    created = Message.objects.bulk_create(
        Message(recipient_id=pk, kind=kind, subject=subject[:120], body=body, link=link) for pk in sorted(ids)
    )
    return len(created)
