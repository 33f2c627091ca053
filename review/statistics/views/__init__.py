"""The pages of 统计."""
