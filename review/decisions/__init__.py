"""审核决定: approve, return, revoke, and who is deciding what."""
