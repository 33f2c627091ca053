"""The pages of a record."""
