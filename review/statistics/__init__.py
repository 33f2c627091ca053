"""统计: cross tables whose every cell opens its list, and their exports."""
