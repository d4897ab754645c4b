"""Readers of annotated images and videos: one per layout on disk."""
