"""Image encoders: pictures in, feature levels out."""
