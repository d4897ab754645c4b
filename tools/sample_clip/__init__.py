"""Renders the sample clip: a fox chases a ball; the mask of each is known exactly."""
