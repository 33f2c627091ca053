"""规则文字: the words and repair steps of every rule, the ground under codes and rules."""
