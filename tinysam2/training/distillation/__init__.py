"""Stages that copy a larger network."""
