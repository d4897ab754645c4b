"""Small images of a video's frames on disk, shown while the exact frame is still being decoded."""

import hashlib
import json
import logging
import os
import struct
import threading
from contextlib import suppress
from io import FileIO
from pathlib import Path

import av
import cv2
import numpy as np
from av.error import FFmpegError
from av.video.reformatter import Interpolation, VideoReformatter

from app.media.frames import FrameSource, Pixels
from app.media.video import VideoSource

_log = logging.getLogger(__name__)

LONG_SIDE_PX = 640
"""Longer side of the images; one takes 20 to 40 kB."""
QUALITY = 75
LEAST_PIXELS = 1280 * 720
"""Frames with fewer pixels are decoded fast enough."""
LEAST_KEY_INTERVAL = 6
"""Mean number of frames from key frame to key frame below which a seek is fast enough."""
MAX_FILE_BYTES = 512 << 20
"""Limit of the file of one video, more than 10,000 frames; of later ones there are no images."""
MAX_FOLDER_BYTES = 2 << 30
"""Limit of the files of all videos; those that were not used for longest are deleted."""

SUFFIX = ".frames"
_MAGIC = b"TSAMPX01"
_RECORD = struct.Struct("<qI")  # presentation time, bytes of the JPEG file that follows
_MAX_RECORD_BYTES = 4 << 20


class FrameProxy:
    """The small images of one video, by frame number.

    They are for display only: nothing that is stored or predicted is made of them.  Each belongs to
    the presentation time of its frame, so that it shows that very frame or there is none.  A file
    that cannot be written or is damaged costs the images, nothing else.  Safe to use from any
    thread; the file is opened on first use.

    Args:
        video: where the frames come from; its table gives them their numbers.
        folder: where the files of all videos are kept; created on first use.
        max_file_bytes: limit of the file.
    """

    def __init__(
        self, video: VideoSource, folder: Path, max_file_bytes: int = MAX_FILE_BYTES
    ) -> None:
        self._video = video
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._lock = threading.Lock()
        self._file: FileIO | None = None
        self._is_closed = False
        self._places: dict[int, tuple[int, int]] = {}  # by time: offset and length of the JPEG file
        self._end = 0
        self._reformatter = VideoReformatter()

    def add(self, frame: av.VideoFrame) -> None:
        """Store the image of a decoded frame, unless there is one or the file is full."""
        position = frame.pts
        if position is None or self._video.index.frame_at(position) is None:
            return
        with self._lock:
            file = self._opened()
            if file is None or position in self._places or self._end >= self._max_file_bytes:
                return
            with suppress(FFmpegError, ValueError):
                self._append(file, position, self._shrunk(frame))

    def bgra(self, frame_index: int) -> Pixels | None:
        """Return a frame's image at the size of the video, (H, W, 4); None if there is none."""
        index = self._video.index
        jpeg = None if index.is_counted else self._read(int(index.pts[frame_index]))
        if jpeg is None:
            return None
        small = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
        if small is None:
            return None
        height, width = self._video.size_hw
        bgra = cv2.cvtColor(small, cv2.COLOR_BGR2BGRA)
        return np.asarray(cv2.resize(bgra, (width, height)), dtype=np.uint8)

    def close(self) -> None:
        """Close the file; there are no images any more."""
        with self._lock:
            self._is_closed = True
            self._drop()

    def _drop(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
        self._places.clear()

    def _opened(self) -> FileIO | None:
        """Return the file, opened if it was not; None if there cannot be one."""
        if self._file is None and not self._is_closed:
            try:
                self._open()
            except OSError as error:
                _log.warning("there are no small images of frames: %s", error)
                self._is_closed = True
        return self._file

    def _open(self) -> None:
        fingerprint, shape = self._video.fingerprint(), self._video.shape.to_json()
        text = f"{fingerprint.content_sha256} {json.dumps(shape)} {LONG_SIDE_PX}"
        path = self._folder / (hashlib.sha256(text.encode()).hexdigest()[:32] + SUFFIX)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._file = file = FileIO(path, "a+")
        os.utime(path)  # used now
        limit_folder(self._folder, MAX_FOLDER_BYTES, path)
        file.seek(0)
        if file.read(len(_MAGIC)) != _MAGIC:
            file.truncate(0)
            file.write(_MAGIC)
        self._scan(file, path.stat().st_size)

    def _scan(self, file: FileIO, size: int) -> None:
        """Find the images in the file; what a killed program left unfinished is cut off."""
        offset = len(_MAGIC)
        while offset + _RECORD.size <= size:
            file.seek(offset)
            position, length = _RECORD.unpack(file.read(_RECORD.size))
            start = offset + _RECORD.size
            if length > _MAX_RECORD_BYTES or start + length > size:
                break
            self._places[position] = start, length
            offset = start + length
        if offset < size:
            file.truncate(offset)
        self._end = offset

    def _append(self, file: FileIO, position: int, small: Pixels) -> None:
        is_coded, jpeg = cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
        record = _RECORD.pack(position, len(jpeg)) + jpeg.tobytes()
        if not is_coded or len(record) > _MAX_RECORD_BYTES:
            return
        try:
            if file.write(record) != len(record):
                raise OSError("the disk is full")
        except OSError as error:
            _log.warning("no more small images of frames are stored: %s", error)
            self._max_file_bytes = 0
            return
        self._end = file.tell()  # another program may append to the same file
        self._places[position] = self._end - len(jpeg), len(jpeg)

    def _read(self, position: int) -> bytes | None:
        with self._lock:
            file = self._opened()
            place = None if file is None else self._places.get(position)
            if file is None or place is None:
                return None
            start, length = place
            with suppress(OSError):
                file.seek(start - _RECORD.size)
                record = file.read(_RECORD.size + length)
                if record[: _RECORD.size] == _RECORD.pack(position, length):
                    return record[_RECORD.size :]
        return None

    def _shrunk(self, frame: av.VideoFrame) -> Pixels:
        """Scale and turn a frame, (h, w, 3) blue, green, red."""
        shape = self._video.shape
        scale = min(1.0, LONG_SIDE_PX / max(shape.width, shape.height))
        width, height = (max(1, round(side * scale)) for side in (shape.width, shape.height))
        small = self._reformatter.reformat(
            frame, width, height, "bgr24", interpolation=Interpolation.AREA
        )
        return shape.applied(np.asarray(small.to_ndarray(), dtype=np.uint8))


def proxy_of(source: FrameSource, folder: Path) -> FrameProxy | None:
    """Return the small images of a source; None where its exact frames are fast enough.

    Args:
        source: an open video, or images.
        folder: where the files of all videos are kept.
    """
    if not isinstance(source, VideoSource) or source.index.is_counted:
        return None
    height, width = source.size_hw
    key_interval = len(source) / max(1, len(source.index.key_pts))
    if height * width < LEAST_PIXELS or key_interval < LEAST_KEY_INTERVAL:
        return None
    return FrameProxy(source, folder)


def limit_folder(folder: Path, limit_bytes: int, kept: Path) -> None:
    """Delete the files that were not used for longest until the rest is within a limit.

    Args:
        folder: holds the files.
        limit_bytes: of the sum of their sizes.
        kept: a file that stays.
    """
    found = [(path, path.stat()) for path in folder.glob(f"*{SUFFIX}")]
    excess = sum(stat.st_size for _, stat in found) - limit_bytes
    for path, stat in sorted(found, key=lambda each: each[1].st_mtime):
        if excess <= 0:
            break
        if path != kept:
            with suppress(OSError):  # in use by another program, on Windows
                path.unlink()
                excess -= stat.st_size
