"""审核分工: which reviewer has which bases, and who stands in for whom."""
