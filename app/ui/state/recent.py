"""The recently opened projects with a thumbnail and how far they are."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage

from app.core.document import Document, Table
from app.storage.home import home_folder
from app.ui.state.preferences import Preferences
from app.ui.translation import PLURAL, translate

THUMBNAIL_SIZE = QSize(192, 108)


@dataclass(frozen=True, slots=True)
class RecentEntry:
    """A path that was opened.

    Attributes:
        path: what to open.
        progress: how far the project was when it was closed; empty if unknown.
        thumbnail: file with an image of it; may be missing.
    """

    path: Path
    progress: str
    thumbnail: Path


def progress_text(document: Document, num_frames: int) -> str:
    """Describe how far a project is: objects, frames with masks, verified masks."""
    if not (count := len(document.objects)):
        return translate("Recent", "%Ln frame(s), no objects yet", "", PLURAL, num_frames)
    masks = [document.of_object(Table.MASKS, each.object_id) for each in document.objects]
    frames = len(set().union(*masks))
    verified = sum(row.is_verified for rows in masks for row in rows.values())
    percent = round(100 * verified / max(1, sum(map(len, masks))))
    objects = translate("Recent", "%Ln object(s)", "", PLURAL, count)
    whole = translate("Recent", "%Ln frame(s)", "", PLURAL, num_frames)
    text = translate("Recent", "{objects}, masks on {masked} of {frames}, {percent} % verified")
    return text.format(objects=objects, masked=frames, frames=whole, percent=percent)


def remember(preferences: Preferences, path: Path, progress: str, image: QImage) -> None:
    """Store progress and thumbnail of a project that is being closed.

    Args:
        preferences: hold the recent paths.
        path: the recent path.
        progress: see `progress_text`.
        image: what the canvas displays; scaled down.
    """
    preferences.set_progress(path, progress)
    file = _thumbnail(path)
    file.parent.mkdir(parents=True, exist_ok=True)
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation
    image.scaled(THUMBNAIL_SIZE, keep, smooth).save(str(file))
    _remove_others(preferences)


def recent_entries(preferences: Preferences) -> list[RecentEntry]:
    """Return the recent paths that exist, newest first."""
    return [
        RecentEntry(path, preferences.progress(path), _thumbnail(path))
        for path in preferences.recent
    ]


def _thumbnail(path: Path) -> Path:
    name = hashlib.sha256(str(path).encode()).hexdigest()[:16]
    return home_folder() / "thumbnails" / f"{name}.jpg"


def _remove_others(preferences: Preferences) -> None:
    kept = {_thumbnail(path) for path in preferences.recent}
    for file in (home_folder() / "thumbnails").glob("*.jpg"):
        if file not in kept:
            file.unlink(missing_ok=True)
