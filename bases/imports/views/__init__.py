"""The pages of 导入."""
