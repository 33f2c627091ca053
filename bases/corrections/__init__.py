"""证件更正: a locked ID type or number is asked to be corrected."""
