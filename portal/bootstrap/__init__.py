"""Brings the product up on a bare machine. Standard library only: it runs before, and without, Django."""
