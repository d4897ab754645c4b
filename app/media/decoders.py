"""Keep a few decoders of one film standing where they stopped, so that jumps are short."""

from collections.abc import Iterator
from pathlib import Path

import av
from av.error import FFmpegError

from app.media.cursor import DecodeCursor
from app.media.index import VideoIndex

PARKED_DECODERS = 4
"""Most decoders per source.  Four cut the slowest jumps in a film with one key picture in 250
to two thirds; each holds about 40 MB at 1080p."""


class ParkedDecoders:
    """Up to `PARKED_DECODERS` decoders of one film, opened as jumps ask for them.

    Most films have one key picture in hundreds, and a jump decodes from there on; a decoder
    that stands between the key and the target saves part of that.  Not safe to use from two
    threads at once.

    Args:
        path: the film.
        index: its frame table.

    Raises:
        SourceError: the film cannot be opened.
    """

    def __init__(self, path: Path, index: VideoIndex) -> None:
        self._path = path
        self._is_counted = index.is_counted
        # A table that had to be decoded belongs to a film with faults.
        self._frame_threads = not index.is_decoded
        self._cursors = [self._open()]  # least recently used first

    def _open(self) -> DecodeCursor:
        return DecodeCursor(self._path, self._is_counted, self._frame_threads)

    def first_picture(self) -> tuple[int, av.VideoFrame] | None:
        """Decode the film's first picture; only before any `approach`."""
        return next(self._cursors[0].advance(), None)

    def approach(self, index: VideoIndex, frame_index: int) -> Iterator[DecodeCursor]:
        """Place a decoder before a frame, in one way after another, cheapest first.

        Args:
            index: the frame table.
            frame_index: the frame to reach.

        Yields:
            A decoder to advance; ask for the next way when it delivers a later frame first.

        Raises:
            SourceError: the film cannot be opened any more.
        """
        target = int(index.pts[frame_index])
        resume_from = index.resume_from(frame_index)
        on_the_way = {
            cursor.position: cursor
            for cursor in self._cursors
            if cursor.position is not None and resume_from <= cursor.position < target
        }
        cursor = on_the_way[max(on_the_way)] if on_the_way else self._free_cursor()
        self._cursors.remove(cursor)
        self._cursors.append(cursor)
        if on_the_way:
            yield cursor
        for key in index.keys_before(frame_index):
            try:
                cursor.seek(key)
            except FFmpegError:  # this container cannot seek there
                continue
            yield cursor
        cursor.restart()
        yield cursor

    def _free_cursor(self) -> DecodeCursor:
        if len(self._cursors) < PARKED_DECODERS:
            self._cursors.append(self._open())
            return self._cursors[-1]
        return self._cursors[0]

    def close(self) -> None:
        """Close every decoder."""
        for cursor in self._cursors:
            cursor.close()
