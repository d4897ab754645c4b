"""Write files that appear only when they are complete."""

import hashlib
import os
import platform
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MAX_STEM_BYTES = 150
"""File systems take 255 bytes for a name; the rest is for the process and the suffix."""

ABANDONED_S = 24 * 3600.0
"""Age of a hidden file whose process cannot be asked for, from which it is deleted."""


_PARTIAL = re.compile(
    r"\..*\.(?P<host>[0-9a-f]{8})-(?P<process>[0-9]{1,10})-[0-9]+\.partial(\.[^.]*)?", re.DOTALL
)


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Lend the path of a hidden file to write, which takes the place of ``path`` at the end.

    The hidden file lies in the same folder, which must exist, and has the same suffix.  When the
    block raises, it is deleted and ``path`` stays as it was.  What killed processes left in the
    folder is deleted, too.
    """
    remove_abandoned(path.parent)
    stem = path.stem.encode("utf-8", "surrogateescape")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
    writer = f"{_host()}-{os.getpid()}-{threading.get_ident()}"
    partial = path.with_name(f".{stem}.{writer}.partial{path.suffix}")
    try:
        yield partial
        sync_to_disk(partial)
        os.replace(partial, path)
        if os.name == "posix":
            sync_to_disk(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def sync_to_disk(path: Path) -> None:
    """Wait until a file, or the names in a folder, would survive a power cut."""
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_abandoned(folder: Path) -> None:
    """Delete the hidden files that killed processes of this computer left in a folder."""
    with suppress(OSError):
        for name in os.listdir(folder):
            if (found := _PARTIAL.fullmatch(name)) and found["host"] == _host():
                _remove_if_abandoned(folder / name, int(found["process"]))


def _host() -> str:
    return hashlib.sha256(platform.node().encode("utf-8", "replace")).hexdigest()[:8]


def _remove_if_abandoned(partial: Path, process: int) -> None:
    with suppress(OSError):
        is_old = time.time() - partial.stat().st_mtime > ABANDONED_S
        if is_old or not _is_running(process):
            partial.unlink()


def _is_running(process: int) -> bool:
    if os.name != "posix":  # asking would end it
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True
