"""转换基地: a base asks another for a resident (BR-74)."""
