"""What the model store knows about a file: its hashes and its record."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from tinysam2.atomic_write import atomic_write

CHUNK_BYTES = 1 << 20


class Readable(Protocol):
    """A file or a response."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file of the store, as it was when it was stored.

    Attributes:
        model: name of the known model whose weights it holds.
        file_name: its name in the store's folder.
        byte_size: its size.
        sha256: its hash.
        origin: the address or path it came from.
    """

    model: str
    file_name: str
    byte_size: int
    sha256: str
    origin: str

    @classmethod
    def read(cls, path: Path) -> "StoredFile | None":
        """Return the record in a file, or None when there is no readable one."""
        try:
            return cls(**json.loads(path.read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, path: Path) -> None:
        """Write the record to a file."""
        with atomic_write(path) as draft:
            draft.write_text(json.dumps(asdict(self), indent=2), "utf-8")


class Digest:
    """The hashes of a file, made while it passes by.

    Args:
        size: bytes that will pass.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._sha256 = hashlib.sha256()
        self._git_blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

    def passing(self, source: Readable) -> Iterator[bytes]:
        """Hash what is left of a source; yields it in pieces."""
        while chunk := source.read(CHUNK_BYTES):
            self._sha256.update(chunk)
            self._git_blob.update(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """Hash of what has passed."""
        return self._sha256.hexdigest()

    @property
    def git_blob(self) -> str:
        """Git's object name of what has passed."""
        return self._git_blob.hexdigest()
