"""Compares the speed of a network here with that of its authors' implementation."""
