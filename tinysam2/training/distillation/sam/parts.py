"""Training images in parts: tar files of limited size, each usable alone.

A part holds images as ``000000.webp``, label maps of annotated ones as ``000000.png``, and at its
end ``index.json``, which says how often each is drawn.  A part without it is not complete.
"""

import io
import json
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

from tinysam2.atomic_write import atomic_write

PATTERN = "*.tar"
_INDEX = "index.json"
_BLOCK = tarfile.BLOCKSIZE
_INDEX_BYTES = 128  # of an image in the index; an upper bound
_END_BYTES = 2 * tarfile.RECORDSIZE  # of the index's header and the padding of the archive


@dataclass(frozen=True, slots=True)
class Sampling:
    """How often an image is drawn.

    Attributes:
        weight: of the image among all images.
        group: of annotated images that are drawn from alike; None where nothing is annotated.
        group_weight: of that group among the groups.
    """

    weight: float = 1.0
    group: int | None = None
    group_weight: float = 1.0


@dataclass(frozen=True, slots=True)
class PartImage:
    """An image of a part.

    Attributes:
        image: an encoded image file.
        labels: a PNG of the object ids (0 background, 255 void), or None.
        sampling: how often it is drawn.
    """

    image: bytes
    labels: bytes | None
    sampling: Sampling

    @property
    def part_bytes(self) -> int:
        """Upper bound of what it takes in a part."""
        sizes = [len(file) for file in (self.image, self.labels) if file is not None]
        return sum(_BLOCK + -(-size // _BLOCK) * _BLOCK for size in sizes) + _INDEX_BYTES


class PartWriter:
    """Writes images into as many parts as they take; each has its name when it is complete.

    Args:
        folder: of the parts, ``part-0000.tar`` and so on; made if it is not there.
        part_bytes: of a part at most.
        limit_bytes: of all parts together at most; None is no limit.

    Raises:
        ValueError: the folder holds parts already.
    """

    def __init__(self, folder: Path, part_bytes: int, limit_bytes: int | None = None) -> None:
        self.folder, self.part_bytes = folder, part_bytes
        self.limit_bytes = limit_bytes
        self.paths: list[Path] = []
        self._written_bytes = 0
        self._images: list[PartImage] = []
        self._bytes = _END_BYTES
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.glob(PATTERN)):
            raise ValueError(f"{folder} must hold no parts yet")

    def add(self, image: PartImage) -> bool:
        """Add an image; False if it would exceed the limit of all parts.

        Raises:
            ValueError: it does not fit into a part.
        """
        size = image.part_bytes
        if _END_BYTES + size > self.part_bytes:
            raise ValueError(f"a part must hold an image of {size} bytes, got {self.part_bytes}")
        begins_part = self._bytes + size > self.part_bytes
        total = self._written_bytes + self._bytes + size + _END_BYTES * begins_part
        if self.limit_bytes is not None and total > self.limit_bytes:
            return False
        if begins_part:
            self.close()
        self._images.append(image)
        self._bytes += size
        return True

    def close(self) -> None:
        """Write what has been added since the last part."""
        if not self._images:
            return
        path = self.folder / f"part-{len(self.paths):04d}.tar"
        with atomic_write(path) as partial:
            _write(self._images, partial)
        self.paths.append(path)
        self._written_bytes += path.stat().st_size
        self._images, self._bytes = [], _END_BYTES


def _write(images: list[PartImage], path: Path) -> None:
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
        for number, image in enumerate(images):
            _add(archive, f"{number:06d}.webp", image.image)
            if image.labels is not None:
                _add(archive, f"{number:06d}.png", image.labels)
        rows = [asdict(image.sampling) for image in images]
        _add(archive, _INDEX, json.dumps({"images": rows}).encode())


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def read_part(path: Path) -> list[PartImage] | None:
    """Read the images of a part; None if it is not complete yet.

    Raises:
        ValueError: its index is not one of `PartWriter`.
        OSError: the file cannot be read.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                content = archive.extractfile(member)
                files[member.name] = content.read() if content else b""
    except tarfile.ReadError:  # it ends in the middle
        return None
    if _INDEX not in files:
        return None
    try:
        rows = json.loads(files[_INDEX])["images"]
        return [
            PartImage(files[f"{i:06d}.webp"], files.get(f"{i:06d}.png"), Sampling(**row))
            for i, row in enumerate(rows)
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is not a part of training images: {error!r}") from error
