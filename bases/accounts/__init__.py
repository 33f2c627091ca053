"""账号: the accounts of the base's residents, found, printed, reset, deleted and restored."""
