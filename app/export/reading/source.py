"""What readers of mask files return, and the checks that they share.

Files come from anywhere.  Sizes are compared with the video before memory is taken, every value is
checked before it is used, and whatever is wrong becomes one sentence.
"""

import json
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from app.core.document import FrameMask, Origin
from app.core.errors import ExportError, shown
from app.core.masks import RleMask
from app.export.naming import listed

MAX_JSON_BYTES = 2**29
"""Largest JSON or XML file that is read; parsing takes several times as much memory."""

MAX_OBJECTS = 10_000
_MAX_TEXT = 200  # characters kept of a name

FrameMasks = tuple["FrameRef", dict[int, RleMask]]


class ChoiceError(ExportError):
    """A file holds several videos, and none is named like the one to import into.

    Attributes:
        choices: their names.
    """

    def __init__(self, path: Path, choices: list[str]) -> None:
        super().__init__(f"{path} holds {len(choices)} videos: {listed(choices)}.", "Choose one.")
        self.choices = choices


@dataclass(frozen=True, slots=True)
class FrameRef:
    """What a file says about the frame of a mask.

    Attributes:
        name: file name of the image, without folder and suffix.
        index: frame number in the video, where a file states it.
    """

    name: str | None = None
    index: int | None = None

    def __str__(self) -> str:
        """Return what a person calls the frame."""
        return self.name if self.name is not None else str(self.index)


@dataclass(frozen=True, slots=True)
class MaskDetails:
    """What a file says about a mask beside its pixels, as in `FrameMask`.

    Attributes:
        stated_origin: who made the mask; None where the file does not say.
        confidence: of the model, in [0, 1].
        is_verified: whether a person declared it right.
    """

    stated_origin: Origin | None = None
    confidence: float | None = None
    is_verified: bool = False


@dataclass(frozen=True, slots=True)
class MaskSource:
    """Masks of a file or folder.

    Attributes:
        format: what it is, for a sentence.
        names: name and category by object id of the file, as far as known; filled in further
            while iterating.
        frames: frame and masks by object id of the file; read while iterating.
        notes: what was assumed, for the user.
        details: of masks about which the file says more, by frame and object id of the file.
    """

    format: str
    names: dict[int, tuple[str, str]]
    frames: Iterator[FrameMasks]
    notes: list[str] = field(default_factory=list)
    details: Mapping[tuple[FrameRef, int], MaskDetails] = field(default_factory=dict)

    def row(self, ref: FrameRef, object_id: int, mask: RleMask) -> FrameMask:
        """Return a mask of the file with its details, as a document holds it.

        Its origin is IMPORTED whatever the file states, so that tracking does not replace it.
        """
        found = self.details.get((ref, object_id), MaskDetails())
        return FrameMask(
            mask,
            Origin.IMPORTED,
            found.confidence,
            found.is_verified,
            stated_origin=found.stated_origin,
        )


BAD_FILE = (
    OSError,  # also what Pillow raises for most damage
    ValueError,
    LookupError,  # a missing key or index, an unknown encoding
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    EOFError,
    SyntaxError,  # Pillow, for damaged PNG
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
    MemoryError,
)
"""What reading a damaged file raises; `reason` says it in a line."""


@contextmanager
def reading(path: Path, what: str) -> Iterator[None]:
    """Turn whatever a damaged file raises into one sentence.

    Raises:
        ExportError: the block failed.
    """
    try:
        yield
    except BAD_FILE as error:
        raise ExportError(f"{path} cannot be read as {what}: {reason(error)}.") from error


def reason(error: BaseException) -> str:
    """Say in one line what is wrong with a file."""
    if isinstance(error, KeyError):
        return f"{error.args[0]!r} is missing"
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, TypeError | AttributeError | IndexError):
        return "it does not have the expected structure"
    if isinstance(error, UnidentifiedImageError):
        return "it is not an image"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    text = " ".join(str(error).split()).rstrip(".")
    return text[:200] or type(error).__name__


def guarded(path: Path, what: str, frames: Iterator[FrameMasks]) -> Iterator[FrameMasks]:
    """Iterate over frames; what a damaged file raises meanwhile becomes one sentence."""
    with reading(path, what):
        yield from frames


def load_json(path: Path) -> Any:  # noqa: ANN401 - as in JSON
    """Parse a JSON file.

    Raises:
        ValueError, OSError, RecursionError: it is too large, or no JSON.
    """
    check_file_size(path, MAX_JSON_BYTES)
    return json.loads(path.read_text("utf-8-sig"))


def check_file_size(path: Path, most_bytes: int) -> None:
    """Refuse what is no regular file, and files that would take too much memory.

    Raises:
        ValueError: it is one.
        OSError: it cannot be looked at.
    """
    if not path.is_file():
        raise ValueError("it is no file" if path.exists() else "it does not exist")
    if (size := path.stat().st_size) > most_bytes:
        raise ValueError(f"it has {size // 2**20} MiB, more than {most_bytes // 2**20}")


def whole(value: Any, what: str, least: int = 0, most: int = 2**53) -> int:  # noqa: ANN401 - as in JSON
    """Check a whole number.

    Raises:
        ValueError: it is none, or out of range.
    """
    if type(value) is float and value.is_integer():
        value = int(value)
    if type(value) is not int or not least <= value <= most:
        raise ValueError(f"{what} must be a whole number of at least {least}, got {shown(value)}")
    return value


def text(value: Any, what: str) -> str:  # noqa: ANN401 - as in JSON
    """Check a text, and make it one that every file can hold and a list can show.

    Raises:
        ValueError: it is no text.
    """
    if not isinstance(value, str):
        raise ValueError(f"{what} must be a text, got {shown(value)}")
    clean = value.encode("utf-8", "replace").decode("utf-8").replace("\0", "\ufffd")
    return clean[:_MAX_TEXT]


def entries(content: Any, key: str) -> list[dict[str, Any]]:  # noqa: ANN401 - as in JSON
    """Return a list of JSON objects.

    Raises:
        ValueError: ``content`` has no such list.
    """
    found = content[key]
    if not isinstance(found, list) or not all(isinstance(entry, dict) for entry in found):
        raise ValueError(f"{key!r} must be a list of objects")
    return found


def check_size(found_hw: tuple[int, int], size_hw: tuple[int, int]) -> None:
    """Refuse masks of another size than the video.

    Raises:
        ValueError: the sizes differ.
    """
    if found_hw != size_hw:
        raise ValueError(
            f"its masks are {found_hw[1]} x {found_hw[0]} pixels, but the video is "
            f"{size_hw[1]} x {size_hw[0]}"
        )


def united(masks: dict[int, RleMask], object_id: int, mask: RleMask) -> None:
    """Add a mask to those of a frame; an object in several parts is their union."""
    earlier = masks.get(object_id)
    if earlier is not None:
        mask = RleMask.encode(np.logical_or(earlier.decode(), mask.decode()))
    masks[object_id] = mask


class ObjectNumbers:
    """Gives each object of a file a number: its own, or a negative one where it has none."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def of_id(self, value: Any) -> int:  # noqa: ANN401 - as in JSON
        """Return the number of an object's id, a whole number or a text.

        Raises:
            ValueError: it is neither, or there are too many objects.
        """
        if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 15:
            value = int(value)
        if type(value) is float and value.is_integer():
            value = int(value)
        if type(value) is int:
            return self._number(("id", value), value if 0 <= value <= 2**53 else None)
        return self._number(("id", text(value, "a track id")), None)

    def of_name(self, *name: Any) -> int:  # noqa: ANN401 - any hashable
        """Return the number of an object that is known by a name or a position."""
        return self._number(("name", *name), None)

    def _number(self, key: Any, own: int | None) -> int:  # noqa: ANN401 - any hashable
        if key not in self._numbers:
            if len(self._numbers) >= MAX_OBJECTS:
                raise ValueError(f"it has more than {MAX_OBJECTS} objects")
            self._numbers[key] = -len(self._numbers) - 1 if own is None else own
        return self._numbers[key]


def chosen(path: Path, names: list[str], wanted: Callable[[str], bool]) -> int:
    """Return which of several videos is wanted.

    Raises:
        ChoiceError: several are left to choose from.
        ValueError: there is none.
    """
    if not names:
        raise ValueError("it holds no video")
    found = [position for position, name in enumerate(names) if wanted(name)]
    if len(found) == 1 or len(names) == 1:
        return found[0] if found else 0
    raise ChoiceError(path, names)
