"""The pages of 操作记录."""
