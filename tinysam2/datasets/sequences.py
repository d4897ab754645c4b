"""Annotated sequences on disk, read frame by frame."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image

RESOLUTION = "480p"
WHITE = 255  # the object in black and white masks; void in masks of object ids
_TURNED = range(5, 9)  # EXIF orientations that swap height and width


@dataclass(frozen=True, slots=True)
class ImageFiles:
    """Images by frame index, read when asked for."""

    files: tuple[Path, ...]

    def __len__(self) -> int:
        """Number of frames."""
        return len(self.files)

    def __getitem__(self, frame_index: int) -> NDArray[np.uint8]:
        """Read a frame, (H, W, 3) RGB.

        Raises:
            ValueError: the file is not an image, or not as large as the first frame.
        """
        file = self.files[frame_index]
        bgr = cv2.imdecode(np.fromfile(file, dtype=np.uint8), cv2.IMREAD_COLOR)
        if bgr is None:
            raise ValueError(f"{file} must be an image")
        height, width = _size_hw(self.files[0])
        if bgr.shape[:2] != (height, width):
            found = f"{bgr.shape[1]} x {bgr.shape[0]}"
            raise ValueError(
                f"{file} must have the {width} x {height} pixels of the first frame, not {found}"
            )
        return np.asarray(cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def _size_hw(file: Path) -> tuple[int, int]:
    """Return the height and width of an image as OpenCV decodes it: turned as EXIF says."""
    with Image.open(file) as image:
        width, height = image.size
        is_turned = image.getexif().get(ExifTags.Base.Orientation) in _TURNED
    return (width, height) if is_turned else (height, width)


@dataclass(frozen=True, slots=True)
class AnnotatedSequence:
    """ImageFiles and the label images of some or all of them.

    Attributes:
        name: of the sequence.
        frames: from the first annotated frame on.
        annotations: label image by frame index; the first frame has one.
    """

    name: str
    frames: ImageFiles
    annotations: dict[int, Path]

    def labels(self, frame_index: int) -> NDArray[np.uint8]:
        """Read the object ids of an annotated frame, (H, W); 0 is background, 255 void.

        Where the first frame has no value but 0 and 255, 255 is not void but the one object of the
        sequence and becomes 1, as in DAVIS 2016.

        Raises:
            ValueError: the file is not an image of labels.
        """
        labels = _read_labels(self.annotations[frame_index])
        if _is_binary(labels) and (
            frame_index == 0 or _is_binary(_read_labels(self.annotations[0]))
        ):
            labels[labels == WHITE] = 1
        return labels

    def first(self, frame_count: int) -> "AnnotatedSequence":
        """Return the beginning of the sequence."""
        kept = {i: path for i, path in self.annotations.items() if i < frame_count}
        return replace(self, frames=ImageFiles(self.frames.files[:frame_count]), annotations=kept)


def _read_labels(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        labels = np.array(image)
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise ValueError(f"{path} must be an 8-bit palette or gray PNG")
    return labels


def _is_binary(labels: NDArray[np.uint8]) -> bool:
    """Return whether there are white pixels, and all others are black."""
    return set(np.unique(labels).tolist()) in ({WHITE}, {0, WHITE})


def read_sequences(root: Path, split: str) -> Iterator[AnnotatedSequence]:
    """Find the annotated sequences of a data set.

    Args:
        root: a DAVIS 2017 or 2016 tree, or a folder of sequences that each hold ``NNNNN.jpg`` and
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
        names = _davis_split(root / "ImageSets", split)
    for name in names:
        yield _sequence(name, images / name, annotations / name)


def _davis_split(lists: Path, split: str) -> list[str]:
    """Read the names of a split's sequences; none where there is no list of it.

    DAVIS 2017 lists names, DAVIS 2016 the two files of each frame.
    """
    listing = lists / "2017" / f"{split}.txt"
    if listing.is_file():
        return listing.read_text("utf-8").split()
    listing = lists / RESOLUTION / f"{split}.txt"
    if listing.is_file():
        files = listing.read_text("utf-8").split()
        return list(dict.fromkeys(Path(file).parent.name for file in files))
    return []


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
        raise ValueError(f"{annotations} must hold a label image of a frame in {images}")
    start = min(found)
    shifted = {number - start: path for number, path in found.items()}
    return AnnotatedSequence(name, ImageFiles(tuple(files[start:])), shifted)
