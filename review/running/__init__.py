"""运行状况: whether worker and clock are at work, what was set aside, and whether the time can be believed."""
