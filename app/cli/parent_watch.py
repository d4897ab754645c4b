"""End a process with the one that started it, also when that one was killed."""

import os
import threading

INTERRUPTED = 130


def end_when_stdin_closes() -> None:
    """End this process at once when its standard input closes.

    The operating system closes it when the process at its other end is gone.  What was tracked
    until then is in the project.
    """
    threading.Thread(target=_wait, name="parent watch", daemon=True).start()


def _wait() -> None:
    try:
        while os.read(0, 4096):
            pass
    except OSError:  # there is no standard input
        return
    os._exit(INTERRUPTED)
