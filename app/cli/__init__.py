"""The command line: one file per command, all of them on the same session as the window."""

from app.cli.program import main

__all__ = ["main"]
