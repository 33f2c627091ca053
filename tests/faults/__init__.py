"""Everything at once: real processes, really killed, under load; afterwards nothing is lost, nothing done twice."""
