"""申请延长填报时间: the base asks the province for more time (BR-12)."""
