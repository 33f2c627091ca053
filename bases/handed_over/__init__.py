"""移交副本: what a base that went into another one keeps of its records, read-only (AM-46)."""
