"""上报: what prevents it, the submission it makes, and taking it back."""
