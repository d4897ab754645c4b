"""Where training images come from: one reader per layout on disk, all giving `DatasetPart`."""
