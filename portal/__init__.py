"""What all desks share: accounts and signing in, the calendar, messages, workbooks, files, the audit log."""
