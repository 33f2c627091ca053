"""Account names of people who share an ID number: the number for the first, with the ID type for others (AM-35)."""

# In no ID number, so that no account name of one person is the number of another.
SHARED_LOGIN = "#"
