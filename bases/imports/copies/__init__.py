"""批注副本: the user's own file back, with every fault at its cell (GOAL-B5)."""
