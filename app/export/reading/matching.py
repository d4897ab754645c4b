"""Which frame of the video a frame of a mask file is."""

from collections import Counter

from app.export.naming import trailing_number
from app.export.reading.source import FrameRef
from app.export.selection import image_names
from app.media.frames import FrameSource


class FrameMatcher:
    """Finds frames by the names of their images first, then by number.

    For a folder of images: an image of the same name, the number that a file states, an image with
    the same number in its name.  For a video: the number that a file states, or with which a file
    name ends.

    Args:
        source: the video or folder; only names and length are read.
    """

    def __init__(self, source: FrameSource) -> None:
        self._count = len(source)
        names = image_names(source)
        self._has_names = names is not None
        self._by_name = {name: index for index, name in enumerate(names or ())}
        numbers = [trailing_number(name) for name in names or ()]
        once = {n for n, times in Counter(numbers).items() if n is not None and times == 1}
        self._by_number = {n: index for index, n in enumerate(numbers) if n in once}

    def find(self, ref: FrameRef) -> int | None:
        """Return the frame, or None when there is none like it."""
        index = self._find(ref)
        return index if index is not None and 0 <= index < self._count else None

    def _find(self, ref: FrameRef) -> int | None:
        if ref.name in self._by_name:
            return self._by_name[ref.name]
        if ref.index is not None:
            return ref.index
        number = None if ref.name is None else trailing_number(ref.name)
        if self._has_names:
            return None if number is None else self._by_number.get(number)
        return number
