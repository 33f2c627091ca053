"""住院医师: persons, their training records, the rules of every field, and the resident's own pages."""
