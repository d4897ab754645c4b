"""Labels a folder, in several processes if wanted, and resumes what was stopped."""

import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Any

import torch

from tinysam2.training.engine.run_control import ignore_interrupts
from tinysam2.training.labeling.config import LabelConfig, Method
from tinysam2.training.labeling.entries import Entry, read_entries
from tinysam2.training.labeling.label_folder import LabelFolder
from tinysam2.training.labeling.labeler import Labeler

_QUEUED = 4  # entries that wait for each process


@dataclass(frozen=True, slots=True)
class LabelStep:
    """How far labeling has come.

    Attributes:
        done: images and clips that are labeled.
        total: images and clips in all.
        stills: images with labels.
        clips: clips with labels.
        frames: frames of these clips that have labels.
        kept: masks in all label maps.
        refused: masks that were not good enough.
    """

    done: int = 0
    total: int = 0
    stills: int = 0
    clips: int = 0
    frames: int = 0
    kept: int = 0
    refused: int = 0

    @staticmethod
    def of(rows: Sequence[dict[str, Any]], total: int) -> "LabelStep":
        """Count the record's rows."""
        clips = [row for row in rows if "frames" in row and row["kept"]]
        return LabelStep(
            len(rows),
            total,
            sum("frames" not in row and row["kept"] > 0 for row in rows),
            len(clips),
            sum(row["frames"] for row in clips),
            sum(row["kept"] for row in rows),
            sum(row["refused"] for row in rows),
        )


def label_folder(config: LabelConfig) -> Iterator[LabelStep]:
    """Label what a folder holds; what ``config.out`` has labels of already is skipped.

    The index is written at the end, also when the generator is closed before.

    Yields:
        A step at first and after each image and clip.

    Raises:
        ValueError: there is nothing to label, or ``config.out`` holds labels of other settings.
        CheckpointError: the weights cannot be used.
        OSError: a file cannot be read or written.
    """
    chosen = [e for e in read_entries(config.data, config.datasets) if _is_for(config.method, e)]
    entries = chosen[: config.limit]
    if not entries:
        raise ValueError(f"{config.data} holds nothing to label by {config.method.value}")
    folder = LabelFolder(config.out)
    rows = folder.open(config.settings())
    done = {row["path"] for row in rows}
    left = [entry for entry in entries if entry.path not in done]
    total = len(rows) + len(left)
    try:
        yield LabelStep.of(rows, total)
        for row in _labeled(config, left):
            folder.add(row)
            rows.append(row)
            yield LabelStep.of(rows, total)
    finally:
        folder.write_index(rows)


def _is_for(method: Method, entry: Entry) -> bool:
    if method is Method.BOXES:
        return entry.boxes is not None and any(entry.boxes)
    return entry.is_clip == (method is Method.TRACKING)


def _labeled(config: LabelConfig, entries: Sequence[Entry]) -> Iterator[dict[str, Any]]:
    """Label entries, in the order in which they are finished."""
    if not entries:
        return
    if config.workers == 0:
        yield from map(Labeler(config).label, entries)
        return
    spawn = multiprocessing.get_context("spawn")  # threads of torch do not survive a fork
    left = iter(entries)
    with ProcessPoolExecutor(config.workers, spawn, _begin_process) as pool:
        waiting: set[Future[dict[str, Any]]] = set()
        try:
            while True:
                room = config.workers * _QUEUED - len(waiting)
                waiting |= {pool.submit(_label, config, e) for e in islice(left, room)}
                if not waiting:
                    return
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                for future in done:
                    yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _begin_process() -> None:
    ignore_interrupts(0)
    torch.set_num_threads(1)


@lru_cache(maxsize=1)
def _labeler(config: LabelConfig) -> Labeler:
    return Labeler(config)


def _label(config: LabelConfig, entry: Entry) -> dict[str, Any]:
    return _labeler(config).label(entry)
