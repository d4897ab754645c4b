"""Measuring segmentations against ground truth."""
