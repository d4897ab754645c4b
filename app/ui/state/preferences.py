"""What the window remembers between runs."""

import json
from dataclasses import asdict
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from app.core.settings import ModelSettings
from app.storage.home import home_folder
from app.ui.style.theme import Theme

MAX_RECENT = 8


class Preferences:
    """Typed access to the settings file ``window.ini`` in the program's own folder."""

    def __init__(self) -> None:
        path = home_folder() / "window.ini"
        self._settings = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def recent(self) -> list[Path]:
        """What was opened, newest first; what has gone since is left out."""
        stored = self._settings.value("recent") or []
        names = [stored] if isinstance(stored, str) else list(stored)
        return [path for name in names if (path := Path(name)).exists()]

    def add_recent(self, path: Path) -> None:
        """Put a path first."""
        path = path.resolve()
        paths = [path, *(each for each in self.recent if each != path)][:MAX_RECENT]
        self._settings.setValue("recent", [str(each) for each in paths])

    def clear_recent(self) -> None:
        """Forget what was opened."""
        self._settings.remove("recent")

    @property
    def theme(self) -> Theme:
        """The theme the user chose."""
        name = self._settings.value("theme")
        return Theme(name) if name in set(Theme) else Theme.SYSTEM

    @theme.setter
    def theme(self, theme: Theme) -> None:
        self._settings.setValue("theme", theme.value)

    @property
    def export_formats(self) -> tuple[str, ...]:
        """Names of the formats that were exported last."""
        stored = self._settings.value("export_formats") or ["davis"]
        return (stored,) if isinstance(stored, str) else tuple(map(str, stored))

    @export_formats.setter
    def export_formats(self, names: tuple[str, ...]) -> None:
        self._settings.setValue("export_formats", list(names))

    @property
    def model(self) -> ModelSettings:
        """The model that was chosen last; the bundled one at first."""
        try:
            stored = json.loads(str(self._settings.value("model")))
            path = stored.pop("checkpoint")
            memory = tuple((name, value) for name, value in stored.pop("memory"))
            return ModelSettings(**stored, checkpoint=path and Path(path), memory=memory)
        except (ValueError, TypeError, KeyError, AttributeError):
            return ModelSettings()  # nothing was stored, or by another version

    @model.setter
    def model(self, settings: ModelSettings) -> None:
        self._settings.setValue("model", json.dumps(asdict(settings), default=str))

    def folder(self, purpose: str) -> str:
        """Return where the user last was for a purpose, such as ``open``; his home at first."""
        return str(self._settings.value(f"folder/{purpose}") or Path.home())

    def set_folder(self, purpose: str, folder: Path) -> None:
        """Remember where the user was for a purpose."""
        self._settings.setValue(f"folder/{purpose}", str(folder))

    @property
    def geometry(self) -> QByteArray | None:
        """Place and size of the window."""
        return self._bytes("geometry")

    @geometry.setter
    def geometry(self, geometry: QByteArray) -> None:
        self._settings.setValue("geometry", geometry)

    @property
    def state(self) -> QByteArray | None:
        """Arrangement of docks and toolbars."""
        return self._bytes("state")

    @state.setter
    def state(self, state: QByteArray) -> None:
        self._settings.setValue("state", state)

    def _bytes(self, key: str) -> QByteArray | None:
        stored = self._settings.value(key)
        return stored if isinstance(stored, QByteArray) else None
