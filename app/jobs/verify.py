"""Prove in the background that a source's frame numbers are those of a full decode."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np

from app.core.cancel import CancelToken
from app.core.errors import SourceError
from app.jobs.context import Job
from app.media.cursor import decoded_pictures, open_container
from app.media.frames import FrameSource
from app.media.index import VideoIndex
from app.media.video import VideoSource

STEP_FRAMES = 25


class Verdict(Enum):
    """What a full decode says about the frame numbers of a source."""

    VERIFIED = "verified"
    ADOPTED = "adopted"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """The end of a check.

    Attributes:
        verdict: verified (the numbers were right), adopted (right with ``index``, to be given
            to `VideoSource.adopt` before anything is stored by frame number) or unsafe.
        frame_count: frames that can really be read.
        sentence: what to tell the user; empty when verified.
        index: the table to adopt, else None.
    """

    verdict: Verdict
    frame_count: int
    sentence: str = ""
    index: VideoIndex | None = None


@dataclass(frozen=True, slots=True)
class VerifyStep:
    """Progress of a check; ``result`` is set in the last step only."""

    frames_done: int
    frames_total: int
    result: VerifyResult | None = None


def verify_job(source: FrameSource) -> Job:
    """Check a source; see `verify_index`."""
    return partial(verify_index, source)


def verify_index(source: FrameSource, token: CancelToken) -> Iterator[VerifyStep]:
    """Read a whole source once, beside any other reading of it.

    Args:
        source: the source to check; it is not changed.
        token: looked at before every frame.

    Yields:
        Progress every few frames, and at last a step with the result.

    Raises:
        Cancelled: the token was cancelled.
    """
    if isinstance(source, VideoSource):
        yield from _verify_film(source, token)
    else:
        yield from _verify_images(source, token)


def _verify_film(film: VideoSource, token: CancelToken) -> Iterator[VerifyStep]:
    announced = film.index
    total = len(announced)
    times: list[int | None] = []
    if not announced.is_decoded:
        try:
            container, stream = open_container(film.path)
        except SourceError as error:
            yield VerifyStep(0, total, VerifyResult(Verdict.UNSAFE, 0, str(error)))
            return
        with container:
            for picture in decoded_pictures(container, stream, lambda: None):
                token.raise_if_cancelled()
                times.append(picture.pts)
                if len(times) % STEP_FRAMES == 0:
                    yield VerifyStep(len(times), total)
    yield VerifyStep(total, total, _judge(film, times))


def _judge(film: VideoSource, times: list[int | None]) -> VerifyResult:
    announced = film.index
    if announced.is_decoded:
        return VerifyResult(Verdict.VERIFIED, len(announced))
    found = announced.with_decoded(times)
    if np.array_equal(found.pts, announced.pts) and not found.is_counted:
        return VerifyResult(Verdict.VERIFIED, len(found))
    if not len(found):
        sentence = f"{film.path} can no longer be decoded: not one picture could be read."
        return VerifyResult(Verdict.UNSAFE, 0, sentence)
    sentence = (
        f"{film.path} announces {len(announced)} frames, but {len(found)} can be decoded; "
        "frames are numbered by what can be decoded."
    )
    return VerifyResult(Verdict.ADOPTED, len(found), sentence, found)


def _verify_images(source: FrameSource, token: CancelToken) -> Iterator[VerifyStep]:
    total = len(source)
    with source.clone(cache_bytes=0) as images:
        for frame_index in range(total):
            token.raise_if_cancelled()
            try:
                images[frame_index]
            except SourceError as error:
                result = VerifyResult(Verdict.UNSAFE, frame_index, str(error))
                yield VerifyStep(frame_index, total, result)
                return
            if (frame_index + 1) % STEP_FRAMES == 0:
                yield VerifyStep(frame_index + 1, total)
    yield VerifyStep(total, total, VerifyResult(Verdict.VERIFIED, total))
