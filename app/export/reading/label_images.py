"""Read folders of images whose pixels say which object they show."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from app.core.masks import RleMask
from app.core.palette import davis_palette
from app.export.mots import IGNORED, INSTANCES
from app.export.naming import trailing_number
from app.export.reading.objects_file import ObjectsFile, find_objects_file
from app.export.reading.source import (
    FrameMasks,
    FrameRef,
    MaskSource,
    check_file_size,
    check_size,
    guarded,
    load_json,
    reading,
    text,
)

VOID = 255
_MAX_IMAGE_BYTES = 2**28
_MAX_COLORS = 255  # More than this in one image is a photo.
_Numbers = NDArray[np.int64]


def open_label_images(folder: Path, size_hw: tuple[int, int]) -> MaskSource:
    """Open a folder of label images, such as ``Annotations/480p/<sequence>``.

    Pixels are object numbers of 8 or 16 bits, or colors; 0, black and void (255) are no object.
    Where the first image that is not empty has no value but 0 and 255, 255 is the one object, as
    in DAVIS 2016.  Names come from the files that exports and data sets have beside the images.

    Raises:
        ExportError: there are no images (while iterating: one cannot be read).
    """
    what = "label images"
    with reading(folder, what):
        files = image_files(folder)
        if not files:
            raise ValueError("there is no PNG image in it")
    known = find_objects_file(folder, folder.name)
    if not known.names:
        known = _known_beside(folder)
    source = MaskSource(what, dict(known.names), iter(()))
    labels = _LabelReader(known, size_hw, source)
    frames = (labels.read(file) for file in files)
    return MaskSource(what, source.names, guarded(folder, what, frames), source.notes)


def image_files(folder: Path) -> list[Path]:
    """List the PNG images of a folder in the order of their frames."""
    files = [f for f in folder.iterdir() if f.suffix.lower() == ".png" and f.name[0] != "."]
    return sorted(files, key=lambda f: (trailing_number(f.stem) or 0, f.name))


def _known_beside(folder: Path) -> ObjectsFile:
    """Read the names that a MOTS or YouTube-VOS tree has of the objects."""
    if folder.name == "instances":
        return find_objects_file(folder.parent, folder.parent.name, ".mots_png")
    meta = folder.parent.parent / "meta.json"
    if folder.parent.name != "Annotations" or not meta.is_file():
        return ObjectsFile()
    with reading(meta, "a list of videos"):
        objects = load_json(meta)["videos"].get(folder.name, {}).get("objects", {})
        names = {
            int(key): (text(value.get("name", f"object {key}"), "name"), value["category"])
            for key, value in objects.items()
            if isinstance(value.get("category"), str)
        }
    return ObjectsFile(names=names)


class _LabelReader:
    """Turns images into masks, one after another."""

    def __init__(self, known: ObjectsFile, size_hw: tuple[int, int], source: MaskSource) -> None:
        self._known = known
        self._size_hw = size_hw
        self._source = source
        self._colors = _ColorNumbers(source.names)
        self._is_binary: bool | None = None  # not known before an image that is not empty

    def read(self, file: Path) -> FrameMasks:
        """Read one image.

        Raises:
            ValueError, OSError: it is no label image of the video's size.
        """
        numbers = read_numbers(file, self._size_hw, self._colors)
        present = [number for number in np.unique(numbers).tolist() if number]
        if present and self._is_binary is None:
            self._is_binary = present == [VOID] and VOID not in self._known.object_ids
            if self._is_binary:
                self._source.notes.append("255 is taken for the object, as in DAVIS 2016.")
        if self._is_binary and set(present) - {VOID}:
            raise ValueError(f"{file.name} has object numbers, earlier images only 0 and 255")
        masks = {
            self._object_id(number): RleMask.encode(np.equal(numbers, number))
            for number in present
            if self._is_binary or number not in (VOID, IGNORED)
        }
        index = self._known.frame_indices.get(file.stem)
        return FrameRef(file.stem, index), masks

    def _object_id(self, number: int) -> int:
        if self._is_binary:
            return 1
        object_id = self._known.object_ids.get(number, number)
        if number > INSTANCES and object_id not in self._source.names:
            self._source.names[object_id] = (f"object {number % INSTANCES}", "object")
        return object_id


class _ColorNumbers:
    """Gives each color a number: its place in the DAVIS palette, else a negative one."""

    def __init__(self, names: dict[int, tuple[str, str]]) -> None:
        packed = davis_palette().astype(np.int64) @ (65536, 256, 1)
        self._numbers = {int(color): number for number, color in enumerate(packed)}
        self._names = names
        self._others = 0

    def of(self, pixels: NDArray[np.uint8]) -> _Numbers:
        """Return (H, W) numbers of (H, W, 3) colors.

        Raises:
            ValueError: there are too many colors for objects.
        """
        packed = pixels.astype(np.int64) @ np.array((65536, 256, 1), dtype=np.int64)
        colors, positions = np.unique(packed, return_inverse=True)
        if len(colors) > _MAX_COLORS:
            raise ValueError(f"it has {len(colors)} colors, and looks like a photo")
        numbers = np.array([self._number(int(color)) for color in colors], dtype=np.int64)
        return np.asarray(numbers[positions].reshape(packed.shape))

    def _number(self, color: int) -> int:
        if color not in self._numbers:
            self._others -= 1
            self._numbers[color] = self._others
            self._names[self._others] = (f"#{color:06x}", "object")
        return self._numbers[color]


def read_numbers(
    file: Path, size_hw: tuple[int, int], colors: _ColorNumbers | None = None
) -> _Numbers:
    """Read one image as (H, W) whole numbers; colors only where ``colors`` numbers them.

    Raises:
        ValueError, OSError: it is no such image, or has another size.
    """
    check_file_size(file, _MAX_IMAGE_BYTES)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked here
        with Image.open(file, formats=("PNG",)) as image:
            check_size((image.height, image.width), size_hw)
            if image.mode in ("RGB", "RGBA") and colors is not None:
                pixels = np.array(image.convert("RGBA"))
                pixels[pixels[..., 3] == 0] = 0
                return colors.of(pixels[..., :3])
            if image.mode in ("LA", "PA"):
                return np.asarray(image.getchannel(0), dtype=np.int64)
            if image.mode not in ("P", "L", "1") and not image.mode.startswith("I"):
                raise ValueError(f"{file.name} is a color image, not a label image")
            return np.array(image).astype(np.int64)


def open_object_tree(folder: Path, size_hw: tuple[int, int]) -> MaskSource:
    """Open a folder of folders named by object numbers, as SAM 2 writes them; any value is object.

    Raises:
        ExportError: it cannot be read (also while iterating).
    """
    what = "a folder per object"
    known = find_objects_file(folder, folder.name, ".sam2")
    with reading(folder, what):
        files = {
            int(place.name): {file.stem: file for file in image_files(place)}
            for place in object_folders(folder)
        }
        stems = {stem for each in files.values() for stem in each}
        ordered = sorted(stems, key=lambda stem: (trailing_number(stem) or 0, stem))
    frames = _tree_frames(files, ordered, known, size_hw)
    return MaskSource(what, dict(known.names), guarded(folder, what, frames))


def _tree_frames(
    files: Mapping[int, Mapping[str, Path]],
    stems: Sequence[str],
    known: ObjectsFile,
    size_hw: tuple[int, int],
) -> Iterator[FrameMasks]:
    for stem in stems:
        masks = {}
        for object_id, by_stem in sorted(files.items()):
            if stem in by_stem:
                mask = RleMask.encode(read_numbers(by_stem[stem], size_hw) != 0)
                if mask.area:
                    masks[object_id] = mask
        yield FrameRef(stem, known.frame_indices.get(stem)), masks


def object_folders(folder: Path) -> list[Path]:
    """List the folders inside that are named by a number and hold images."""
    return [
        place
        for place in sorted(folder.iterdir())
        if place.name.isascii()
        and place.name.isdecimal()
        and len(place.name) <= 9
        and place.is_dir()
        and image_files(place)
    ]
