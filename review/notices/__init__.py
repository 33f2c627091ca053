"""公告: what the association publishes, and its contacts."""
