"""Stateful inference: the image predictor, and the video tracker with its memory banks."""
