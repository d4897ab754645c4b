"""Annotated sequences on disk, read frame by frame."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

RESOLUTION = "480p"


@dataclass(frozen=True, slots=True)
class Frames:
    """Pictures by number, read when asked for."""

    files: tuple[Path, ...]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.files)

    def __getitem__(self, frame_index: int) -> NDArray[np.uint8]:
        """Read a frame, (H, W, 3) RGB.

        Raises:
            ValueError: the file is not a picture.
        """
        file = self.files[frame_index]
        bgr = cv2.imdecode(np.fromfile(file, dtype=np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"{file} must be a picture")
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


@dataclass(frozen=True, slots=True)
class AnnotatedSequence:
    """Frames and the label pictures of some or all of them.

    Attributes:
        name: of the sequence.
        frames: from the first annotated frame on.
        annotations: label picture by frame number.
    """

    name: str
    frames: Frames
    annotations: dict[int, Path]

    def labels(self, frame_index: int) -> NDArray[np.uint8]:
        """Read the object ids of an annotated frame, (H, W); 0 is background, 255 void.

        Raises:
            ValueError: the file is not a picture of labels.
        """
        with Image.open(self.annotations[frame_index]) as picture:
            labels = np.array(picture)
        if labels.ndim != 2 or labels.dtype != np.uint8:
            raise ValueError(
                f"{self.annotations[frame_index]} must be an 8-bit palette or grey PNG"
            )
        return labels

    def first(self, frame_count: int) -> "AnnotatedSequence":
        """Return the beginning of the sequence."""
        kept = {i: path for i, path in self.annotations.items() if i < frame_count}
        return replace(self, frames=Frames(self.frames.files[:frame_count]), annotations=kept)


def read_sequences(root: Path, split: str) -> Iterator[AnnotatedSequence]:
    """Find the annotated sequences of a data set.

    Args:
        root: a DAVIS 2017 tree, or a folder of sequences that each hold ``NNNNN.jpg`` and
            ``NNNNN.png``.  Such sequences belong to a split when an ``index.json`` two folders
            up says so (``entries`` with ``path``, ``split`` and ``annotated``: "all" or frame
            numbers); without one, all of them do.
        split: such as "val", or "all".

    Raises:
        ValueError: nothing there belongs to ``split``.
    """
    is_davis = (root / "JPEGImages" / RESOLUTION).is_dir()
    sequences = _davis(root, split) if is_davis else _folders(root, split)
    is_empty = True
    for sequence in sequences:
        is_empty = False
        yield sequence
    if is_empty:
        raise ValueError(f"the split {split!r} must have annotated sequences, found none")


def _davis(root: Path, split: str) -> Iterator[AnnotatedSequence]:
    images, annotations = (root / kind / RESOLUTION for kind in ("JPEGImages", "Annotations"))
    if split == "all":
        names = sorted(folder.name for folder in annotations.iterdir())
    else:
        listing = root / "ImageSets" / "2017" / f"{split}.txt"
        names = listing.read_text("utf-8").split("\n") if listing.is_file() else []
    for name in filter(None, map(str.strip, names)):
        yield _sequence(name, images / name, annotations / name)


def _folders(root: Path, split: str) -> Iterator[AnnotatedSequence]:
    index = root.resolve().parent.parent / "index.json"
    if not index.is_file():
        for folder in sorted(path for path in root.iterdir() if path.is_dir()):
            yield _sequence(folder.name, folder, folder)
        return
    for entry in json.loads(index.read_text("utf-8"))["entries"]:
        folder = index.parent / entry["path"]
        if folder.parent == root.resolve() and split in ("all", entry["split"]):
            chosen = None if entry["annotated"] == "all" else set(entry["annotated"])
            yield _sequence(folder.name, folder, folder, chosen)


def _sequence(
    name: str, images: Path, annotations: Path, chosen: set[int] | None = None
) -> AnnotatedSequence:
    files = sorted(images.glob("*.jpg"))
    found = {
        number: path
        for number, file in enumerate(files)
        if (path := annotations / f"{file.stem}.png").is_file()
        and (chosen is None or number in chosen)
    }
    if not found:
        raise ValueError(f"{annotations} must hold a label picture of a frame in {images}")
    start = min(found)
    shifted = {number - start: path for number, path in found.items()}
    return AnnotatedSequence(name, Frames(tuple(files[start:])), shifted)
