"""Pages of 公告: where the association writes, and where everybody reads."""
