"""How passwords are hashed."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class OwaspArgon2idHasher(Argon2PasswordHasher):
    """Argon2id with OWASP's parameters: 2 passes, 19 MiB, 1 lane.

    Django's own Argon2 setting takes 100 MiB a hash; on the last day of a window that memory decides how many
    residents can sign in at once.
    """

    time_cost = 2
    memory_cost = 19 * 1024
    parallelism = 1
