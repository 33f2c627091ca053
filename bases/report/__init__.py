"""上报: what stands in its way, the submission it makes, and taking it back."""
