"""Exported graphs on disk: each is exported once and read from then on."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

GRAPH_NAME = "graph.xml"
KEPT_SIZES = 12
"""Sizes of images whose graphs stay on disk, the last used ones."""
KEPT_GRAPHS = 8 * KEPT_SIZES
"""Graphs that stay on disk: a network has eight, of 8 MB on average, for each size."""
DRAFT_S = 3600
"""Seconds after which an unfinished export is what a process left that was killed."""
_CHECKSUMS = "sha256.json"


def engine_folder() -> Path:
    """Return where engines keep their files: in ``TINYSAM2_HOME``, or the system's cache."""
    if chosen := os.environ.get("TINYSAM2_HOME"):
        return Path(chosen) / "engines"
    from platformdirs import user_cache_path  # here: training does without it

    return user_cache_path("tinysam2", appauthor=False) / "engines"


class GraphCache:
    """A folder with one subfolder per graph, which appears only when it is complete.

    Args:
        folder: where the graphs are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str, export: Callable[[Path], None], is_stale: bool = False) -> Path:
        """Return the file of a graph; what is missing, damaged or stale is exported.

        Args:
            key: identifies network, stage, sizes and versions.
            export: writes the graph's files; it is given the path of the first, in an empty folder.
            is_stale: whether what is there is of no use any more.

        Raises:
            OSError: the folder cannot be written.
        """
        place = self.folder / hashlib.sha256(key.encode()).hexdigest()[:32]
        if is_stale or not _is_intact(place):
            self._write(place, export, is_stale)
        with suppress(OSError):  # the cache may be readable only
            os.utime(place)  # it was used now
        self._prune()
        return place / GRAPH_NAME

    def _write(self, place: Path, export: Callable[[Path], None], is_stale: bool) -> None:
        draft = place.with_name(f".{place.name}.{os.getpid()}.partial")
        draft.mkdir(parents=True, exist_ok=True)
        try:
            export(draft / GRAPH_NAME)
            checksums = {each.name: _sha256(each) for each in draft.iterdir()}
            (draft / _CHECKSUMS).write_text(json.dumps(checksums), "utf-8")
            _publish(draft, place, is_stale)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _prune(self) -> None:
        graphs = [each for each in self.folder.iterdir() if not each.name.startswith(".")]
        graphs.sort(key=_changed_at, reverse=True)
        oldest_draft = time.time() - DRAFT_S
        drafts = [
            each for each in self.folder.glob(".*.partial") if _changed_at(each) < oldest_draft
        ]
        for unused in (*graphs[KEPT_GRAPHS:], *drafts):
            shutil.rmtree(unused, ignore_errors=True)


def _publish(draft: Path, place: Path, is_stale: bool) -> None:
    """Put a complete graph in its place.

    What another process has put there meanwhile stays, because it may be reading it.
    """
    if is_stale or (place.exists() and not _is_intact(place)):
        useless = draft.with_name(f"{draft.name}.useless.partial")
        with suppress(FileNotFoundError):  # another process has moved it
            os.replace(place, useless)
        shutil.rmtree(useless, ignore_errors=True)
    try:
        os.replace(draft, place)
    except OSError:
        if not _is_intact(place):  # else another process was faster
            raise


def _changed_at(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # another process has deleted or published it
        return time.time()


def _is_intact(place: Path) -> bool:
    try:
        checksums = json.loads((place / _CHECKSUMS).read_text("utf-8"))
        return GRAPH_NAME in checksums and all(
            _sha256(place / Path(name).name) == digest for name, digest in checksums.items()
        )
    except (OSError, ValueError, TypeError, AttributeError):
        return False


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
