"""Builds the program for people without Python: a folder that holds all it needs, as an archive."""
