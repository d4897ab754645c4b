"""Frame sources: videos and image folders, read pixel-exact and within bounded memory."""
