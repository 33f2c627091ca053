"""The pages of 账号."""
