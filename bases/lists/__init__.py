"""名单: which records a list shows, by which filters, and which of them were chosen."""
