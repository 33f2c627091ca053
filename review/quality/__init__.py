"""数据质量: records that look wrong, and who looked into them."""
