"""Preferences of the user that persist between runs."""

import json
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from app.core.review import DEFAULT_THRESHOLD
from app.core.settings import ModelSettings
from app.storage.home import home_folder
from app.ui.style.theme import Theme
from app.ui.translation.languages import LANGUAGES

MAX_RECENT = 8
MEGABYTE = 1 << 20
DEFAULT_CACHE_MEGABYTES = 256


class Preferences:
    """Typed access to ``window.ini`` in the application's home folder."""

    def __init__(self) -> None:
        path = home_folder() / "window.ini"
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    def flush(self) -> None:
        """Write now what would be written when the event loop runs or the program ends."""
        self._settings.sync()

    @property
    def recent(self) -> list[Path]:
        """Recently opened paths that still exist, newest first."""
        stored = self._settings.value("recent") or []
        names = [stored] if isinstance(stored, str) else list(stored)
        return [path for name in names if (path := Path(name)).exists()]

    def add_recent(self, path: Path) -> None:
        """Put a path at the front of the recent paths."""
        path = path.resolve()
        paths = [path, *(each for each in self.recent if each != path)][:MAX_RECENT]
        self._settings.setValue("recent", [str(each) for each in paths])

    def clear_recent(self) -> None:
        """Clear the recent paths."""
        self._settings.remove("recent")
        self._settings.remove("progress")

    def progress(self, path: Path) -> str:
        """Return how far the project of a recent path was when it was closed; empty if unknown."""
        return self._progress().get(str(path), "")

    def set_progress(self, path: Path, progress: str) -> None:
        """Store how far the project of a recent path is."""
        recent = {str(each) for each in self.recent}
        known = self._progress() | {str(path): progress}
        kept = {each: text for each, text in known.items() if each in recent}
        self._settings.setValue("progress", json.dumps(kept))

    def _progress(self) -> dict[str, str]:
        try:
            stored = json.loads(str(self._settings.value("progress")))
            return {str(path): str(text) for path, text in stored.items()}
        except (ValueError, AttributeError):
            return {}

    @property
    def theme(self) -> Theme:
        """The selected theme."""
        name = self._settings.value("theme")
        return Theme(name) if name in set(Theme) else Theme.SYSTEM

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self._settings.setValue("theme", theme.value)

    @property
    def language(self) -> str:
        """Code of the selected language, a key of `LANGUAGES`; empty for the system's."""
        code = str(self._settings.value("language") or "")
        return code if code in LANGUAGES else ""

    @language.setter
    def language(self, code: str) -> None:
        self._settings.setValue("language", code)

    @property
    def shows_patterns(self) -> bool:
        """Whether masks are hatched, so that objects differ not by color alone."""
        return self._flag("shows_patterns", False)

    @shows_patterns.setter
    def shows_patterns(self, is_on: bool) -> None:
        self._settings.setValue("shows_patterns", is_on)

    @property
    def shortcuts(self) -> dict[str, tuple[str, ...]]:
        """Key sequences of the actions whose keys the user changed, by the action's text."""
        try:
            stored = json.loads(str(self._settings.value("shortcuts")))
            return {str(action): tuple(map(str, keys)) for action, keys in stored.items()}
        except (ValueError, TypeError, AttributeError):
            return {}

    @shortcuts.setter
    def shortcuts(self, keys: dict[str, tuple[str, ...]]) -> None:
        self._settings.setValue("shortcuts", json.dumps(keys))

    @property
    def cache_megabytes(self) -> int:
        """Most memory for decoded frames of the open video, in units of `MEGABYTE`."""
        stored = str(self._settings.value("cache_megabytes"))
        return int(stored) if stored.isdecimal() else DEFAULT_CACHE_MEGABYTES

    @cache_megabytes.setter
    def cache_megabytes(self, megabytes: int) -> None:
        self._settings.setValue("cache_megabytes", megabytes)

    @property
    def projects_folder(self) -> Path | None:
        """Where projects of videos are created; None for the application's home folder."""
        stored = self._settings.value("projects_folder")
        return Path(str(stored)) if stored else None

    @projects_folder.setter
    def projects_folder(self, folder: Path | None) -> None:
        self._settings.setValue("projects_folder", "" if folder is None else str(folder))

    @property
    def export_formats(self) -> tuple[str, ...]:
        """Names of the formats of the last export."""
        stored = self._settings.value("export_formats") or ["davis"]
        return (stored,) if isinstance(stored, str) else tuple(map(str, stored))

    @export_formats.setter
    def export_formats(self, names: tuple[str, ...]) -> None:
        self._settings.setValue("export_formats", list(names))

    @property
    def model(self) -> ModelSettings:
        """The model selected last; the bundled model at first."""
        try:
            stored = json.loads(str(self._settings.value("model")))
            path = stored.pop("checkpoint")
            memory = tuple((name, value) for name, value in stored.pop("memory"))
            return ModelSettings(**stored, checkpoint=path and Path(path), memory=memory)
        except (ValueError, TypeError, KeyError, AttributeError):
            return ModelSettings()  # nothing is stored, or another version stored it

    @model.setter
    def model(self, settings: ModelSettings) -> None:
        self._settings.setValue("model", json.dumps(asdict(settings), default=str))

    @property
    def drops_islands(self) -> bool:
        """Whether predictions lose the parts that no prompt asks for; see `SegmentRequest`."""
        return self._flag("drops_islands", default=True)

    @drops_islands.setter
    def drops_islands(self, is_on: bool) -> None:
        self._settings.setValue("drops_islands", is_on)

    @property
    def protects_hand_work(self) -> bool:
        """Whether tracking keeps painted and imported masks; see `app.core.rules`."""
        return self._flag("protects_hand_work", default=True)

    @protects_hand_work.setter
    def protects_hand_work(self, is_on: bool) -> None:
        self._settings.setValue("protects_hand_work", is_on)
        self._settings.setValue("asks_about_hand_work", False)

    @property
    def asks_about_hand_work(self) -> bool:
        """Whether the user has not decided yet about `protects_hand_work`."""
        return self._flag("asks_about_hand_work", default=True)

    @property
    def tracks_all(self) -> bool:
        """Whether tracking includes all unlocked objects instead of the active one only."""
        return self._flag("tracks_all", default=False)

    @tracks_all.setter
    def tracks_all(self, is_on: bool) -> None:
        self._settings.setValue("tracks_all", is_on)

    @property
    def follows_tracking(self) -> bool:
        """Whether the window displays each frame that tracking finishes."""
        return self._flag("follows_tracking", default=False)

    @follows_tracking.setter
    def follows_tracking(self, is_on: bool) -> None:
        self._settings.setValue("follows_tracking", is_on)

    @property
    def review_threshold(self) -> float:
        """Frames that score less are suggested for review, in [0, 1]."""
        try:
            return min(max(float(str(self._settings.value("review_threshold"))), 0.0), 1.0)
        except ValueError:
            return DEFAULT_THRESHOLD

    @review_threshold.setter
    def review_threshold(self, threshold: float) -> None:
        self._settings.setValue("review_threshold", threshold)

    @property
    def shown_curves(self) -> tuple[str, ...] | None:
        """The score curves that the timeline shows, by field of `MemoryScores`; None at first."""
        try:
            return tuple(map(str, json.loads(str(self._settings.value("shown_curves")))))
        except (ValueError, TypeError):
            return None

    @shown_curves.setter
    def shown_curves(self, names: tuple[str, ...]) -> None:
        self._settings.setValue("shown_curves", json.dumps(names))

    def folder(self, purpose: str) -> str:
        """Return the folder used last for a purpose such as ``open``; the home folder at first."""
        return str(self._settings.value(f"folder/{purpose}") or Path.home())

    def set_folder(self, purpose: str, folder: Path) -> None:
        """Store the folder used last for a purpose."""
        self._settings.setValue(f"folder/{purpose}", str(folder))

    @property
    def geometry(self) -> QByteArray | None:
        """Position and size of the window, as `QWidget.saveGeometry` returns them."""
        return self._bytes("geometry")

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._settings.setValue("geometry", geometry)

    @property
    def state(self) -> QByteArray | None:
        """Layout of docks and toolbars, as `QMainWindow.saveState` returns it."""
        return self._bytes("state")

    @state.setter
    def state(self, state: QByteArray) -> None:
        self._settings.setValue("state", state)

    def _flag(self, key: str, default: bool) -> bool:
        # An INI file holds text; before it is synchronized, a boolean comes back.
        stored = self._settings.value(key, default)
        return stored if isinstance(stored, bool) else stored == "true"

    def _bytes(self, key: str) -> QByteArray | None:
        stored = self._settings.value(key)
        return stored if isinstance(stored, QByteArray) else None
