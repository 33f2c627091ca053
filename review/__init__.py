"""省级卫生健康委科教处 and 中国医师协会: the desks of provinces and association, and the interface, room by room."""
