"""The command line: one module per command; commands and the window share `Session`."""

from app.cli.program import main

__all__ = ["main"]
