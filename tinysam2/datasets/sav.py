"""SA-V: films with run-length masks of every fourth frame in ``<film>_manual.json``."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from tinysam2.datasets.samples import Material, Pixels
from tinysam2.datasets.segmentation import MOST_OBJECTS, decode, draw_labels

if TYPE_CHECKING:
    import av

FRAMES_PER_ANNOTATION = 4  # 24 frames a second, annotated at 6 (the data set's own README)
_PICTURES_PER_FILM = 8


class _Film:
    """Frames of one film by number; reading onwards costs no seek.  One user at a time."""

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

    def near(self, share: float) -> Pixels:
        """Decode the key frame before a share of the film's length."""
        self._container.seek(int(share * (self._container.duration or 0)))
        frame = next(self._decode())
        self._frames, self._next = iter(()), 1 << 62  # whoever counts frames starts over
        return np.asarray(frame.to_ndarray(format="rgb24"), dtype=np.uint8)


@lru_cache(maxsize=4)
def _film(path: Path) -> _Film:
    return _Film(path)


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
    film: Path
    annotations: Path
    number: int  # among the annotated ones

    def pixels(self) -> Pixels:
        """Decode the frame."""
        return _film(self.film)[self.number * FRAMES_PER_ANNOTATION]

    def labels(self) -> Pixels:
        """Draw the objects that are seen."""
        coded = _masklets(self.annotations)[self.number][:MOST_OBJECTS]
        seen = [(i, code) for i, code in enumerate(coded, start=1) if code]
        height, width = seen[0][1]["size"] if seen else self.pixels().shape[:2]
        size_hw = (int(height), int(width))
        return draw_labels([(i, decode(code, size_hw)) for i, code in seen], size_hw)


@dataclass(frozen=True, slots=True)
class _Clip(Sequence[_Frame]):
    """The annotated frames of a film; its JSON is read when the clip is."""

    film: Path
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
        return _Frame(self.film, self.annotations, range(len(self))[number])


@dataclass(frozen=True, slots=True)
class _KeyFrame:
    film: Path
    share: float

    def pixels(self) -> Pixels:
        """Decode the frame."""
        return _film(self.film).near(self.share)


def read_sav(root: Path) -> list[Material]:
    """Read films with manual annotations, in a folder and the folders below it.

    Raises:
        ValueError: there are none.
    """
    clips = []
    for annotations in sorted(root.rglob("*_manual.json")):
        film = annotations.with_name(annotations.name.replace("_manual.json", ".mp4"))
        if film.exists():
            clips.append(_Clip(film, annotations))
    if not clips:
        raise ValueError(f"{root} holds no *_manual.json with a film beside it")
    pictures = [
        _KeyFrame(clip.film, i / _PICTURES_PER_FILM)
        for clip in clips
        for i in range(_PICTURES_PER_FILM)
    ]
    stills = [_Frame(clip.film, clip.annotations, 0) for clip in clips]
    return [Material(stills=stills, clips=clips, pictures=pictures)]
