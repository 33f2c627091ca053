"""站内消息: messages to people, and their delivery by e-mail and SMS."""
