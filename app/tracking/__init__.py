"""Mask prediction: the backend protocol, its TinySAM 2 adapter, requests, results, models."""
