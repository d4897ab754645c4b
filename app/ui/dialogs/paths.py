"""File and folder dialogs, which start in the folder used last for the same purpose."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.storage.opening import PROJECT_SUFFIX
from app.ui.state.preferences import Preferences

VIDEO_FILTER = (
    "Videos (*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mpg *.mpeg *.ts *.mts *.wmv *.flv *.gif *.ogv)"
)
WEIGHTS_FILTER = "Weights (*.safetensors *.pt *.pth)"
IMAGE_FILTER = "Images (*.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp)"
PROJECT_FILTER = f"Projects (*{PROJECT_SUFFIX})"


def ask_video(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a video or a single image."""
    filters = f"{VIDEO_FILTER};;{IMAGE_FILTER};;All files (*)"
    return _ask_file(parent, preferences, "Open video", filters)


def ask_project(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a project file."""
    return _ask_file(parent, preferences, "Open project", PROJECT_FILTER)


def ask_folder(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a folder of frames."""
    name = QFileDialog.getExistingDirectory(parent, "Open frame folder", preferences.folder("open"))
    return _remembered(preferences, "open", name)


def ask_moved_video(parent: QWidget, preferences: Preferences, before: Path) -> Path | None:
    """Ask where a video is now.

    Args:
        parent: owner of the dialog.
        preferences: hold the folder used last.
        before: where it was; a path without suffix was a folder of frames.
    """
    return (ask_video if before.suffix else ask_folder)(parent, preferences)


def ask_save(parent: QWidget, preferences: Preferences, name: str) -> Path | None:
    """Ask where to save a project; a missing suffix is added."""
    start = str(Path(preferences.folder("save")) / f"{name}{PROJECT_SUFFIX}")
    chosen, _ = QFileDialog.getSaveFileName(parent, "Save project as", start, PROJECT_FILTER)
    path = _remembered(preferences, "save", chosen)
    if path is None or path.suffix == PROJECT_SUFFIX:
        return path
    return path.with_name(path.name + PROJECT_SUFFIX)


def ask_snapshot(parent: QWidget, folder: Path) -> Path | None:
    """Ask for a snapshot in the folder of a project's snapshots."""
    chosen, _ = QFileDialog.getOpenFileName(parent, "Open snapshot", str(folder), PROJECT_FILTER)
    return Path(chosen) if chosen else None


def ask_masks(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a file of masks, or any label image of a folder, which stands for the folder."""
    filters = (
        "Masks (*.json *.xml *.zip *.txt *.png);;"
        "COCO, YouTube-VIS, SA-V, LabelMe (*.json);;CVAT (*.xml *.zip);;MOTS text (*.txt);;"
        "Label images, one per frame (*.png)"
    )
    return _ask_file(parent, preferences, "Import masks", filters)


def ask_weights(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a weights file."""
    return _ask_file(parent, preferences, "Import weights", WEIGHTS_FILTER)


def _ask_file(parent: QWidget, preferences: Preferences, title: str, filters: str) -> Path | None:
    chosen, _ = QFileDialog.getOpenFileName(parent, title, preferences.folder("open"), filters)
    return _remembered(preferences, "open", chosen)


def _remembered(preferences: Preferences, purpose: str, chosen: str) -> Path | None:
    if not chosen:
        return None
    preferences.set_folder(purpose, Path(chosen).parent)
    return Path(chosen)
