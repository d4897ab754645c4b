"""Image encoders: images in, feature levels out."""
