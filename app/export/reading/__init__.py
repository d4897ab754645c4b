"""Import of masks: one reader per kind of file, which takes nothing in a file for granted."""
