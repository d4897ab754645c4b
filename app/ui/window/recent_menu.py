"""The menu of recently opened paths."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QMenu, QWidget

from app.ui.state.preferences import Preferences


class RecentMenu(QMenu):
    """Lists recent paths, newest first, each time it is opened.

    Signals:
        path_requested: the path to open.
    """

    path_requested = Signal(Path)

    def __init__(self, preferences: Preferences, parent: QWidget) -> None:
        super().__init__(parent)
        self.setTitle(self.tr("Open recent"))
        self._preferences = preferences
        self.setToolTipsVisible(True)
        self.aboutToShow.connect(self._fill)

    def _fill(self) -> None:
        self.clear()
        recent = self._preferences.recent
        for path in recent:
            action = self.addAction(path.name.replace("&", "&&"))
            action.setToolTip(str(path))
            action.triggered.connect(partial(self._request, path))
        self.addSeparator()
        clear = self.addAction(self.tr("Clear this list"), self._preferences.clear_recent)
        clear.setEnabled(bool(recent))

    def _request(self, path: Path, _checked: bool = False) -> None:
        self.path_requested.emit(path)
