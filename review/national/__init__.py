"""全国概览: the association's desk."""
