"""`make evening`: a nation's last evening before a deadline, played on loopback against the real product."""
