"""住院医师: every record in view, one by one and as a list."""
