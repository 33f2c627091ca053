"""身份核实: a base's person whom the platform knows under another name or ID type."""
