"""File and folder dialogs, which start in the folder used last for the same purpose."""

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from app.storage.opening import PROJECT_SUFFIX
from app.ui.state.preferences import Preferences
from app.ui.translation import translate

VIDEOS = "(*.mp4 *.mov *.mkv *.avi *.webm *.m4v *.mpg *.mpeg *.ts *.mts *.wmv *.flv *.gif *.ogv)"
IMAGES = "(*.jpg *.jpeg *.png *.bmp *.tif *.tiff *.webp)"


def weights_filter() -> str:
    """Return the filter of a file dialog for weights."""
    return translate("FileDialogs", "Weights") + " (*.safetensors *.pt *.pth)"


def _project_filter() -> str:
    return translate("FileDialogs", "Projects") + f" (*{PROJECT_SUFFIX})"


def ask_video(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a video or a single image."""
    filters = (
        translate("FileDialogs", "Videos") + f" {VIDEOS}",
        translate("FileDialogs", "Images") + f" {IMAGES}",
        translate("FileDialogs", "All files") + " (*)",
    )
    return _ask_file(
        parent, preferences, translate("FileDialogs", "Open video"), ";;".join(filters)
    )


def ask_project(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a project file."""
    return _ask_file(
        parent, preferences, translate("FileDialogs", "Open project"), _project_filter()
    )


def ask_folder(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a folder of frames."""
    title = translate("FileDialogs", "Open frame folder")
    name = QFileDialog.getExistingDirectory(parent, title, preferences.folder("open"))
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
    title = translate("FileDialogs", "Save project as")
    chosen, _ = QFileDialog.getSaveFileName(parent, title, start, _project_filter())
    path = _remembered(preferences, "save", chosen)
    if path is None or path.suffix == PROJECT_SUFFIX:
        return path
    return path.with_name(path.name + PROJECT_SUFFIX)


def ask_snapshot(parent: QWidget, folder: Path) -> Path | None:
    """Ask for a snapshot in the folder of a project's snapshots."""
    title = translate("FileDialogs", "Open snapshot")
    chosen, _ = QFileDialog.getOpenFileName(parent, title, str(folder), _project_filter())
    return Path(chosen) if chosen else None


def ask_masks(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a file of masks, or any label image of a folder, which stands for the folder."""
    filters = (
        translate("FileDialogs", "Masks") + " (*.json *.xml *.zip *.txt *.png)",
        "COCO, YouTube-VIS, SA-V, LabelMe (*.json)",
        "CVAT (*.xml *.zip)",
        "MOTS (*.txt)",
        translate("FileDialogs", "Label images, one per frame") + " (*.png)",
    )
    title = translate("FileDialogs", "Import masks")
    return _ask_file(parent, preferences, title, ";;".join(filters))


def ask_weights(parent: QWidget, preferences: Preferences) -> Path | None:
    """Ask for a weights file."""
    title = translate("FileDialogs", "Import weights")
    return _ask_file(parent, preferences, title, weights_filter())


def _ask_file(parent: QWidget, preferences: Preferences, title: str, filters: str) -> Path | None:
    chosen, _ = QFileDialog.getOpenFileName(parent, title, preferences.folder("open"), filters)
    return _remembered(preferences, "open", chosen)


def _remembered(preferences: Preferences, purpose: str, chosen: str) -> Path | None:
    if not chosen:
        return None
    preferences.set_folder(purpose, Path(chosen).parent)
    return Path(chosen)
