"""Theme, icons and the marks of memory decisions."""
