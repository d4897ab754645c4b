"""Stage 1: the image features of a larger encoder."""
