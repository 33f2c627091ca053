"""截止与逾期: messages before a window ends, and statuses whose time ran out."""
