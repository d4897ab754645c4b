"""Writing masks for other tools, one file per format, and reading them back."""
