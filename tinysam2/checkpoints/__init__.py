"""Weights on disk: reading, converting, identifying, registering and storing them."""
