"""The portal as deploy/ sets it up, and as an operator upgrades it."""
