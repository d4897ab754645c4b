"""Promptable segmentation copied from a small SAM: its image embedding, then its masks."""
