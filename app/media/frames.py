"""The protocol of everything that frames can be read from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from app.core.errors import SourceError
from app.media.cache import DEFAULT_CACHE_BYTES

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class SourceFingerprint:
    """What a project stores to identify its source.

    Attributes:
        frame_count: number of frames.
        index_sha256: hex digest of the presentation times, or of the file names and sizes.
        byte_size: size on disk of the file, or of all image files together.
        content_sha256: hex digest of the content, see `app.media.identity`; it does not depend on
            how the frames are numbered.
    """

    frame_count: int
    index_sha256: str
    byte_size: int
    content_sha256: str


class FrameSource(Protocol):
    """Frames by number: frame ``i`` is the i-th image that decoding yields, from 0.

    A source may be used from several threads, but its calls are serialized; a thread that
    should not wait for others uses its own `clone`.

    Attributes:
        path: the file or folder.
        name: short name, shown to users and used in names of exported files.
        size_hw: height and width of every frame in pixels, as displayed (rotation applied).
        frame_rate: mean frames per second.
        notice: what the user should know about how the frames are read; usually empty.
    """

    path: Path
    name: str
    size_hw: tuple[int, int]
    frame_rate: Fraction
    notice: str

    def __len__(self) -> int:
        """Number of frames."""
        ...

    def __getitem__(self, frame_index: int) -> Pixels:
        """Read one frame for a model.

        Returns:
            (H, W, 3) RGB, contiguous.  Owned by the source: copy before writing.

        Raises:
            IndexError: there is no such frame (negative numbers included).
            SourceError: the frame cannot be read.
        """
        ...

    def bgra(self, frame_index: int) -> Pixels:
        """Read one frame for display.

        Returns:
            (H, W, 4) blue, green, red, 255; contiguous, owned by the caller.

        Raises:
            IndexError: there is no such frame.
            SourceError: the frame cannot be read.
        """
        ...

    def timestamp_s(self, frame_index: int) -> float:
        """Seconds from the start of the video, as players count them, to this frame."""
        ...

    def fingerprint(self) -> SourceFingerprint:
        """Return what identifies the source."""
        ...

    def frame_table(self) -> bytes:
        """Return which frames there are and how they are read, for `open_source`."""
        ...

    def clone(self, cache_bytes: int = DEFAULT_CACHE_BYTES) -> "FrameSource":
        """Open an independent handle for another thread; shares the index, not the cache.

        Raises:
            SourceError: the file or folder cannot be reached any more.
        """
        ...

    def close(self) -> None:
        """Release files and memory; reading afterwards raises SourceError."""
        ...

    def __enter__(self) -> Self:
        """Return the source itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the source."""
        self.close()


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Raise errors of the operating system while a file or folder is read as `SourceError`.

    Args:
        path: named in it, unless the system names another, such as an image of a folder.
    """
    try:
        yield
    except FileNotFoundError as error:
        sentence = f"{error.filename or path} does not exist."
        raise SourceError(sentence, "Check the name, or whether it was moved.") from error
    except OSError as error:
        reason = error.strerror or error
        raise SourceError(f"{error.filename or path} cannot be read: {reason}.") from error


def check_frame_index(frame_index: int, frame_count: int) -> None:
    """Check that a frame number is in the source.

    Raises:
        IndexError: ``frame_index`` is not in [0, frame_count).
    """
    if not 0 <= frame_index < frame_count:
        raise IndexError(f"frame must be in [0, {frame_count}), got {frame_index}")


def on_black(rgba: Pixels) -> Pixels:
    """Return (H, W, 4) RGB and alpha as (H, W, 3) RGB over black, so that hidden colors stay so."""
    color, alpha = rgba[..., :3].astype(np.uint16), rgba[..., 3:].astype(np.uint16)
    return ((color * alpha + 127) // 255).astype(np.uint8)
