"""提前结业补报: the early completions of 附件1 (BR-15)."""
