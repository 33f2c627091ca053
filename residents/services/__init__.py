"""The only writers of residents and their records: what changes, who may, and what follows from it."""
