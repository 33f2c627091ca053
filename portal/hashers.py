"""How passwords are hashed."""

import os
import threading

from django.contrib.auth.hashers import Argon2PasswordHasher

from portal.bootstrap import values

# As many at once as there are cores, over all web processes of the machine: more would only stretch each other.
_free = threading.BoundedSemaphore(
    max(1, len(os.sched_getaffinity(0)) // values.number("WEB_WORKERS", 2, 1, 64))
)


class OwaspArgon2idHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters: 2 passes, 19 MiB, 1 lane.

    Django's own Argon2 setting takes 100 MiB a hash; on the last day of a window that memory decides how many
    residents can sign in at once.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1

    def encode(self, password: str, salt: str) -> str:
        with _free:
            return super().encode(password, salt)

    def verify(self, password: str, encoded: str) -> bool:
        with _free:
            return super().verify(password, encoded)
