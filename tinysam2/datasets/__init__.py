"""Where training pictures come from: one reader per layout on disk, all giving `Material`."""
