"""操作记录: what was done, by whom, and what left the portal."""
