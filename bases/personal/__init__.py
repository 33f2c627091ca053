"""个人信息: the base returns faulty personal info to residents and reminds those who are late."""
