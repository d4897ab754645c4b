"""Reading parts as they arrive: threads decode images during the run."""

import logging
import queue
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from tinysam2.datasets.samples import Pixels
from tinysam2.training.data.clips import object_ids
from tinysam2.training.distillation.sam.parts import PATTERN, PartImage, Sampling, read_part

_CHUNK = 16  # images that are handed over at once
_MOST_WAITING = 64  # chunks that may wait to be taken: about 0.6 GB of 448 px
_SCAN_EVERY_S = 2.0
_log = logging.getLogger(__name__)

ObjectIds: TypeAlias = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Decoded:
    """Images, resized to a square.

    Attributes:
        pixels: (N, 3, S, S) uint8 RGB.
        labels: (M, S, S) uint8, of the M annotated images in order.
        sizes_hw: of each image as it was packed, pixels.
        objects: ids of the objects of each image; None where nothing is annotated.
        sampling: of each image.
    """

    pixels: Tensor
    labels: Tensor
    sizes_hw: Sequence[tuple[int, int]]
    objects: Sequence[ObjectIds | None]
    sampling: Sequence[Sampling]


class PartLoader:
    """Looks for new parts in a folder every two seconds and decodes them.

    A part is read once, as soon as it is complete; files that end in the middle are looked at
    again.  An image that cannot be decoded is left out with a warning.  Use it as a context.

    Args:
        folder: of the parts.
        side: of the square that images are resized to, pixels.
        threads: that decode.
    """

    def __init__(self, folder: Path, side: int, threads: int) -> None:
        self.folder, self.side, self.threads = folder, side, threads
        self._waiting: queue.Queue[Decoded | None] = queue.Queue(_MOST_WAITING)
        self._stop = threading.Event()
        self._read, self._incomplete = set[str](), set[str]()
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="part loader", daemon=True)

    def __enter__(self) -> "PartLoader":
        cv2.setNumThreads(1)  # the threads here are enough
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def take(self, timeout_s: float = 0.0) -> tuple[list[Decoded], int]:
        """Return what has been decoded since the last call, and how many parts ended in it.

        Args:
            timeout_s: to wait for the first images.

        Raises:
            ValueError: a part is of another kind.
            OSError: the folder or a part cannot be read.
        """
        taken: list[Decoded | None] = []
        try:
            taken.append(self._waiting.get(timeout=timeout_s) if timeout_s else self._next())
            while True:
                taken.append(self._next())
        except queue.Empty:
            if self._error is not None:
                raise self._error from None
        return [chunk for chunk in taken if chunk is not None], taken.count(None)

    def _next(self) -> Decoded | None:
        return self._waiting.get_nowait()

    def _run(self) -> None:
        try:
            with ThreadPoolExecutor(self.threads, "decode") as pool:
                while not self._stop.is_set():
                    self._scan(pool)
                    self._stop.wait(_SCAN_EVERY_S)
        except (ValueError, OSError) as error:
            self._error = error

    def _scan(self, pool: ThreadPoolExecutor) -> None:
        for path in sorted(self.folder.glob(PATTERN)):
            if path.name in self._read or self._stop.is_set():
                continue
            began = time.monotonic()
            images = read_part(path)
            if images is None:
                if path.name not in self._incomplete:
                    self._incomplete.add(path.name)
                    _log.info("%s is not complete yet", path.name)
                continue
            self._read.add(path.name)
            chunks = [images[at : at + _CHUNK] for at in range(0, len(images), _CHUNK)]
            for chunk in pool.map(partial(_decode_all, side=self.side), chunks):
                if chunk is not None:
                    self._hand_over(chunk)
            self._hand_over(None)
            took_s = time.monotonic() - began
            _log.info("%s: %d images in %.1f s", path.name, len(images), took_s)

    def _hand_over(self, chunk: Decoded | None) -> None:
        while not self._stop.is_set():
            try:
                self._waiting.put(chunk, timeout=0.2)
            except queue.Full:
                continue
            return


def _decode_all(images: Sequence[PartImage], side: int) -> Decoded | None:
    """Decode images; None if none of them can be."""
    found = list(_decode(images, side))
    if not found:
        return None
    return Decoded(
        torch.stack([pixels for pixels, *_ in found]),
        torch.stack([*(labels for _, labels, *_ in found if labels is not None), _none(side)])[:-1],
        [size_hw for _, _, size_hw, _ in found],
        [None if labels is None else object_ids(labels.numpy()) for _, labels, *_ in found],
        [sampling for *_, sampling in found],
    )


def _none(side: int) -> Tensor:
    return torch.empty(side, side, dtype=torch.uint8)


def _decode(
    images: Sequence[PartImage], side: int
) -> Iterator[tuple[Tensor, Tensor | None, tuple[int, int], Sampling]]:
    for image in images:
        bgr = _decoded(image.image, cv2.IMREAD_COLOR)
        labels = None if image.labels is None else _decoded(image.labels, cv2.IMREAD_GRAYSCALE)
        if bgr is None or (image.labels is not None and labels is None):
            _log.warning("left out an image that cannot be decoded")
            continue
        rgb = cv2.resize(bgr, (side, side), interpolation=cv2.INTER_AREA)[:, :, ::-1]
        ids = None
        if labels is not None:
            near = cv2.resize(labels, (side, side), interpolation=cv2.INTER_NEAREST_EXACT)
            ids = torch.from_numpy(near)
        size_hw = bgr.shape[0], bgr.shape[1]
        yield _planes(rgb), ids, size_hw, image.sampling


def _decoded(content: bytes, mode: int) -> Pixels | None:
    found = cv2.imdecode(np.frombuffer(content, np.uint8), mode)
    return None if found is None else found.astype(np.uint8, copy=False)


def _planes(rgb: NDArray[np.generic]) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(rgb.transpose(2, 0, 1)))
