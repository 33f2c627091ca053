"""时间窗口: the yearly cycles, their windows, and what a change of them reaches."""
