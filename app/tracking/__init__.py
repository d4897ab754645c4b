"""How masks are predicted: the backend protocol, its TinySAM 2 implementation, and jobs."""
