"""Write files that appear only when they are complete."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MAX_STEM_BYTES = 150
"""File systems take 255 bytes for a name; the rest is for the process and the suffix."""

ABANDONED_S = 24 * 3600.0
"""Age of a hidden file whose process cannot be asked for, from which it is deleted."""


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Lend the path of a hidden file to write, which takes the place of ``path`` at the end.

    The hidden file lies in the same folder, which must exist, and has the same suffix.  When the
    block raises, it is deleted and ``path`` stays as it was.  What killed processes left of the
    same file is deleted, too.
    """
    stem = path.stem.encode("utf-8", "surrogateescape")[:MAX_STEM_BYTES].decode("utf-8", "ignore")
    _remove_abandoned(path, stem)
    writer = f"{os.getpid()}-{threading.get_ident()}"
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


def _remove_abandoned(path: Path, stem: str) -> None:
    prefix, suffix = f".{stem}.", f".partial{path.suffix}"
    with suppress(OSError):
        for name in os.listdir(path.parent):
            if name.startswith(prefix) and name.endswith(suffix):
                _remove_if_abandoned(path.with_name(name), name[len(prefix) : -len(suffix)])


def _remove_if_abandoned(partial: Path, writer: str) -> None:
    process = writer.partition("-")[0]
    with suppress(OSError):
        is_old = time.time() - partial.stat().st_mtime > ABANDONED_S
        if is_old or (process.isdecimal() and not _is_running(int(process))):
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
