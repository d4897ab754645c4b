"""The identity of a source: a digest of its content, whatever its name and place are."""

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from app.media.remote import RemotePath

BLOCK_BYTES = 64 << 10
SAMPLED_BLOCKS = 64
"""Blocks that are read of a large file.  A video has only changed in the bytes between them if
somebody edited it in place without changing its length."""

IMAGE_BLOCK_BYTES = 4 << 10
SAMPLED_IMAGES = 256


def file_sha256(path: Path) -> str:
    """Digest a file's length and content: all of it up to 4 MiB, else 64 blocks spread evenly.

    Of a video at a URL it digests what the storage service says of its content.

    Raises:
        OSError: it cannot be read.
    """
    if isinstance(path, RemotePath):
        return hashlib.sha256(path.identity().encode()).hexdigest()
    size = path.stat().st_size
    digest = hashlib.sha256(f"{size} ".encode())
    if size <= BLOCK_BYTES * SAMPLED_BLOCKS:
        offsets: Iterable[int] = range(0, size, BLOCK_BYTES)
    else:
        last = SAMPLED_BLOCKS - 1
        offsets = [(size - BLOCK_BYTES) * number // last for number in range(SAMPLED_BLOCKS)]
    with path.open("rb") as file:
        for offset in offsets:
            file.seek(offset)
            digest.update(file.read(BLOCK_BYTES))
    return digest.hexdigest()


def images_sha256(files: Sequence[Path]) -> str:
    """Digest the names and lengths of images, and the beginnings of at most 256 of them.

    Raises:
        OSError: one cannot be read.
    """
    digest = hashlib.sha256()
    step = max(1, len(files) // SAMPLED_IMAGES)
    for number, file in enumerate(files):
        name = file.name.encode("utf-8", "surrogateescape")
        digest.update(name + f"\0{file.stat().st_size}\n".encode())
        if number % step == 0:
            with file.open("rb") as opened:
                digest.update(opened.read(IMAGE_BLOCK_BYTES))
    return digest.hexdigest()
