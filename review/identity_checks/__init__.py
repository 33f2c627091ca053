"""身份核实: province and association find out who is right."""
