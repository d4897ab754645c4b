"""Engines besides torch that can run the stages of a network."""
