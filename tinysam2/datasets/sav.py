"""SA-V: videos with run-length masks of every fourth frame in ``<video>_manual.json``."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tinysam2.datasets.samples import DatasetPart, Pixels
from tinysam2.datasets.segmentation import MAX_OBJECTS, decode, draw_labels

if TYPE_CHECKING:
    import av

FRAMES_PER_ANNOTATION = 4  # 24 frames a second, annotated at 6 (the data set's own README)
_IMAGES_PER_VIDEO = 8


class _Video:
    """Frames of one video by number; reading onwards costs no seek.  One user at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        import av  # here, so that other data is read where PyAV is not installed

        self._container = av.open(str(path))
        self._stream = self._container.streams.video[0]
        self._frames = self._decode()
        self._next = 0

    def __getitem__(self, number: int) -> Pixels:
        """Decode frame ``number``, (H, W, 3) RGB."""
        if number < self._next:
            self._container.seek(0)
            self._frames, self._next = self._decode(), 0
        for frame in self._frames:
            self._next += 1
            if self._next > number:
                return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)
        raise ValueError(f"{self._path} ends before frame {number}")

    def _decode(self) -> "Iterator[av.VideoFrame]":
        return self._container.decode(self._stream)

    def near(self, fraction: float) -> Pixels:
        """Decode the key frame before a fraction of the video's length."""
        self._container.seek(int(fraction * (self._container.duration or 0)))
        frame = next(self._decode())
        self._frames, self._next = iter(()), 1 << 62  # reading starts over
        return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


@lru_cache(maxsize=4)
def _video(path: Path) -> _Video:
    return _Video(path)


@lru_cache(maxsize=16)
def _masklets(path: Path) -> list[list[dict[str, Any]]]:
    """Read the run lengths of each annotated frame, object by object."""
    try:
        masklets: list[list[dict[str, Any]]] = json.loads(path.read_text("utf-8"))["masklet"]
    except (KeyError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} holds no masklets of SA-V: {error!r}") from error
    return masklets


@dataclass(frozen=True, slots=True)
class _Frame:
    video: Path
    annotations: Path
    number: int  # among the annotated ones

    def pixels(self) -> Pixels:
        """Decode the frame."""
        return _video(self.video)[self.number * FRAMES_PER_ANNOTATION]

    def labels(self) -> Pixels:
        """Draw the objects that are seen."""
        coded = _masklets(self.annotations)[self.number][:MAX_OBJECTS]
        seen = [(i, code) for i, code in enumerate(coded, start=1) if code]
        height, width = seen[0][1]["size"] if seen else self.pixels().shape[:2]
        size_hw = (int(height), int(width))
        return draw_labels([(i, decode(code, size_hw)) for i, code in seen], size_hw)


@dataclass(frozen=True, slots=True)
class _Clip(Sequence[_Frame]):
    """The annotated frames of a video; its JSON is read when the clip is."""

    video: Path
    annotations: Path

    def __len__(self) -> int:
        return len(_masklets(self.annotations))

    @overload
    def __getitem__(self, number: int) -> _Frame: ...
    @overload
    def __getitem__(self, number: slice) -> list[_Frame]: ...
    def __getitem__(self, number: int | slice) -> _Frame | list[_Frame]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        return _Frame(self.video, self.annotations, range(len(self))[number])


@dataclass(frozen=True, slots=True)
class _KeyFrame:
    video: Path
    fraction: float

    def pixels(self) -> Pixels:
        """Decode the frame."""
        return _video(self.video).near(self.fraction)


def read_sav(root: Path) -> list[DatasetPart]:
    """Read videos with manual annotations, in a folder and the folders below it.

    Raises:
        ValueError: there are none.
    """
    clips = []
    for annotations in sorted(root.rglob("*_manual.json")):
        video = annotations.with_name(annotations.name.replace("_manual.json", ".mp4"))
        if video.exists():
            clips.append(_Clip(video, annotations))
    if not clips:
        raise ValueError(f"{root} holds no *_manual.json with a video beside it")
    images = [
        _KeyFrame(clip.video, i / _IMAGES_PER_VIDEO)
        for clip in clips
        for i in range(_IMAGES_PER_VIDEO)
    ]
    stills = [_Frame(clip.video, clip.annotations, 0) for clip in clips]
    return [DatasetPart(stills=stills, clips=clips, images=images)]
