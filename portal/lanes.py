"""The lanes of the workers: what takes long waits in another queue than what takes seconds."""

from portal import outside

# What is done in seconds has workers of its own, whatever a nation's export takes.
SHORT, LONG = "default", "long"
LANES = {"worker": [SHORT], "long": [LONG], "outside": [outside.LANE], "all": ["*"]}
# Acts on more records than this take the long lane.
MOST_SHORT = 2_000
