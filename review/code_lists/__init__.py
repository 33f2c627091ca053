"""代码表: the code lists, and changing those that change yearly."""
