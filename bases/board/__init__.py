"""工作台: what the base has to do today, in numbers that lead to their lists."""
