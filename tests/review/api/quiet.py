"""How the interface's fuzz tests draw: the same requests at every run; nothing is timed."""

from hypothesis import HealthCheck, Phase

QUIET = {
    "derandomize": True,
    "deadline": None,
    "database": None,
    "suppress_health_check": list(HealthCheck),
    "phases": [Phase.explicit, Phase.generate],
}
