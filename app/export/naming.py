"""Names in exported files: of sequences, of frames and of objects in sentences."""

import hashlib
import re
from collections.abc import Iterable, Sequence

MAX_STEM_BYTES = 120
"""File systems take 255 bytes for a name; suffixes and hidden partial files need their part."""

_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?")  # by Windows


def file_stem(name: str) -> str:
    """Turn the name of a source into one that is safe and short in file names and lists."""
    stem = re.sub(r"[^\w.-]+", "_", name).strip("._") or "video"
    if _RESERVED.fullmatch(stem):
        stem = f"{stem}_"
    coded = stem.encode("utf-8", "replace")
    if len(coded) <= MAX_STEM_BYTES:
        return stem
    digest = hashlib.sha256(coded).hexdigest()[:8]
    return f"{coded[: MAX_STEM_BYTES - 9].decode('utf-8', 'ignore')}-{digest}"


def trailing_number(stem: str) -> int | None:
    """Return the frame number at the end of a file's stem, if there is one."""
    digits = re.search(r"[0-9]{1,18}$", stem)
    return int(digits[0]) if digits else None


def frame_digits(frames: Sequence[int], at_least: int) -> int:
    """Return the number of digits with which names of ascending frames sort by number."""
    return max(at_least, len(str(frames[-1])))


def counted(number: int, noun: str) -> str:
    """Return a number with its noun, such as "1 frame" or "2 frames"."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(names: Iterable[str]) -> str:
    """Join names, quoted, for use in a sentence; after five, their number."""
    quoted = [f"“{name}”" for name in names]
    more = [f"{len(quoted) - 5} more"] if len(quoted) > 5 else []
    return ", ".join(quoted[:5] + more)
