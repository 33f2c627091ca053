"""The pages of signing in, of the public, and of what belongs to every signed-in person."""
