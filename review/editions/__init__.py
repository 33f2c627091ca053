"""年度版: approved data of a moment frozen for good, computed again, compared, corrected by the next (GOAL-N7)."""
