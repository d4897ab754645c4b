"""Check in the background that the frame numbers of a source are those of a full decode."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial

import numpy as np

from app.core.cancel import CancelToken, Job
from app.core.errors import SourceError
from app.media.cursor import decode_frames, open_container
from app.media.frames import FrameSource
from app.media.index import VideoIndex
from app.media.proxy import FrameProxy
from app.media.video import VideoSource

STEP_FRAMES = 25


class IndexStatus(Enum):
    """Result of comparing the frame numbers of a source with a full decode."""

    VERIFIED = "verified"
    ADOPTED = "adopted"
    UNSAFE = "unsafe"


@dataclass(frozen=True, slots=True)
class VerifyResult:
    """Result of a complete check.

    Attributes:
        status: verified (the numbers were right), adopted (right with ``index``, to be given
            to `VideoSource.adopt` before anything is stored by frame number) or unsafe.
        frame_count: frames that can really be read.
        sentence: message for the user; empty when there is nothing to say.
        index: the table to adopt, else None.
    """

    status: IndexStatus
    frame_count: int
    sentence: str = ""
    index: VideoIndex | None = None


@dataclass(frozen=True, slots=True)
class VerifyStep:
    """Progress of a check; ``result`` is set in the last step only."""

    frames_done: int
    frames_total: int
    result: VerifyResult | None = None


def verify_job(source: FrameSource, proxy: FrameProxy | None = None) -> Job:
    """Check a source; see `verify_index`."""
    return partial(verify_index, source, proxy=proxy)


def verify_index(
    source: FrameSource, token: CancelToken, proxy: FrameProxy | None = None
) -> Iterator[VerifyStep]:
    """Read a whole source once, independently of other readers.

    Args:
        source: the source to check; it is not changed.
        token: checked before every frame.
        proxy: stores a small image of each frame of a video, if given.

    Yields:
        Progress every few frames; the last step has the result.

    Raises:
        Cancelled: the token was cancelled.
    """
    if isinstance(source, VideoSource):
        yield from _verify_video(source, proxy, token)
    else:
        yield from _verify_images(source, token)


def _verify_video(
    video: VideoSource, proxy: FrameProxy | None, token: CancelToken
) -> Iterator[VerifyStep]:
    announced = video.index
    total = len(announced)
    times: list[int | None] = []
    sizes: list[tuple[int, int]] = []
    if not announced.is_decoded:
        try:
            container, stream = open_container(video.path)
        except SourceError as error:
            yield VerifyStep(0, total, VerifyResult(IndexStatus.UNSAFE, 0, str(error)))
            return
        with container:
            for frame in decode_frames(container, stream, lambda: None):
                token.raise_if_cancelled()
                sizes.append((frame.width, frame.height))
                times.append(frame.pts)
                if proxy is not None:
                    proxy.add(frame)
                if len(times) % STEP_FRAMES == 0:
                    yield VerifyStep(len(times), total)
    resized = sum(size != sizes[0] for size in sizes) or announced.resized
    result = _compare(video, times, resized)
    notices = (result.sentence, video.notice, _resized_notice(video, resized))
    sentence = " ".join(notice for notice in notices if notice)
    yield VerifyStep(total, total, replace(result, sentence=sentence))


def _resized_notice(video: VideoSource, resized: int) -> str:
    if not resized:
        return ""
    height, width = video.size_hw
    return (
        f"{resized} frames of {video.path} have another size than the first; they are scaled to "
        f"{width} x {height} pixels."
    )


def _compare(video: VideoSource, times: list[int | None], resized: int) -> VerifyResult:
    announced = video.index
    if announced.is_decoded:
        return VerifyResult(IndexStatus.VERIFIED, len(announced))
    found = announced.with_decoded(times, resized)
    if np.array_equal(found.pts, announced.pts) and not found.is_counted:
        return VerifyResult(IndexStatus.VERIFIED, len(found))
    if not len(found):
        sentence = f"{video.path} can no longer be decoded: not one frame could be read."
        return VerifyResult(IndexStatus.UNSAFE, 0, sentence)
    sentence = f"{video.path} announces {len(announced)} frames, but {len(found)} can be decoded."
    return VerifyResult(IndexStatus.ADOPTED, len(found), sentence, found)


def _verify_images(source: FrameSource, token: CancelToken) -> Iterator[VerifyStep]:
    total = len(source)
    with source.clone(cache_bytes=0) as images:
        for frame_index in range(total):
            token.raise_if_cancelled()
            try:
                images[frame_index]
            except SourceError as error:
                result = VerifyResult(IndexStatus.UNSAFE, frame_index, str(error))
                yield VerifyStep(frame_index, total, result)
                return
            if (frame_index + 1) % STEP_FRAMES == 0:
                yield VerifyStep(frame_index + 1, total)
    result = VerifyResult(IndexStatus.VERIFIED, total, source.notice)
    yield VerifyStep(total, total, result)
