"""证件更正: corrections of ID numbers, decided by province and association."""
