"""Beyond one machine: a primary with its replica, and `make cluster`, all of deploy/ on loopback (target 16)."""
