"""Measurements of the real window, for `tinysam2 bench --gui`."""
