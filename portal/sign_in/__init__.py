"""登录: who may come in, activation, passwords, second factor, sessions, limits."""
