"""使用手册: the manual, for every role and for strangers (BR-36)."""
