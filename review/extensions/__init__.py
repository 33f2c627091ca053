"""延长填报时间: a base's request for more time, granted or refused."""
