"""Image embeddings of a teacher, kept on disk from one draw of an image to the next."""

import zlib
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from tinysam2.atomic_write import atomic_write

_CHECK_BYTES = 4


class EmbeddingCache:
    """Half-precision embeddings by image; a file is a checksum and the numbers.

    Args:
        folder: of one teacher, input size and grid; made when something is kept.
        shape: (C, H, W) of an embedding.
    """

    def __init__(self, folder: Path, shape: tuple[int, int, int]) -> None:
        self._folder, self._shape = folder, shape

    def read(self, key: str) -> Tensor | None:
        """Return what is kept, float16; None where that is nothing, or damaged."""
        try:
            stored = self._file(key).read_bytes()
        except OSError:
            return None
        values = stored[_CHECK_BYTES:]
        is_whole = len(values) == 2 * int(np.prod(self._shape))
        if not is_whole or stored[:_CHECK_BYTES] != _checksum(values):
            return None
        return torch.frombuffer(bytearray(values), dtype=torch.float16).view(self._shape)

    def write(self, key: str, embedding: Tensor) -> None:
        """Keep a float16 embedding; a file is there as a whole or not at all."""
        values = embedding.cpu().contiguous().numpy().tobytes()
        file = self._file(key)
        file.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(file) as draft:
            draft.write_bytes(_checksum(values) + values)

    def _file(self, key: str) -> Path:
        return self._folder / key[:2] / key  # thousands of files in one folder are slow


def _checksum(values: bytes) -> bytes:
    return zlib.crc32(values).to_bytes(_CHECK_BYTES, "little")
