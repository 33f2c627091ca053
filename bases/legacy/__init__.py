"""历史名册: rosters of earlier years, taken over once by a command (BR-25)."""
