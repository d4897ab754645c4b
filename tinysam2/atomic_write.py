"""Write files that appear only when they are complete."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Lend the path of a hidden file to write, which takes the place of ``path`` at the end.

    The hidden file lies in the same folder, which must exist, has the same suffix, and is this
    process's own.  When the block raises, it is deleted and ``path`` stays as it was.
    """
    partial = path.with_name(f".{path.stem}.{os.getpid()}.partial{path.suffix}")
    try:
        yield partial
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
