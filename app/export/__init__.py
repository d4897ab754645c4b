"""Export formats, one module each, and the import of masks from the same formats."""
