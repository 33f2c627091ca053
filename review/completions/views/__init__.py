"""The pages of 提前结业补报."""
