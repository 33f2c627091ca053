"""进度: how far the intake has come, from account to approval, day by day."""
