"""How the program starts itself again, for work in a process of its own."""

import sys


def this_program() -> tuple[str, ...]:
    """Return the command that runs this program: its executable, or Python with its package."""
    if getattr(sys, "frozen", False):  # bundled: there is no Python to give code to
        return (sys.executable,)
    return (sys.executable, "-m", "app.cli")
