"""The welcome page, which is shown until a session is open."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

from app.ui.dialogs.paths import ask_folder, ask_project, ask_video
from app.ui.style.icons import icon
from app.ui.style.theme import SPACING_PX

RECENT_WIDTH_PX = 460


class Welcome(QWidget):
    """Start page: opens a video, folder or project, and lists recent paths.

    Signals:
        choice_requested: the function of `app.ui.dialogs.paths` that asks for the path.
        path_requested: the recent path to open.
    """

    choice_requested = Signal(object)
    path_requested = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QVBoxLayout(self)
        layout.setSpacing(2 * SPACING_PX)
        layout.addStretch(2)
        for text, role in (
            ("TinySAM 2 annotator", "title"),
            ("Open a video, click an object, track it, correct, export.", "muted"),
        ):
            label = QLabel(text, self)
            label.setProperty("role", role)
            layout.addWidget(label, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addLayout(self._buttons())
        drop = QLabel("or drop a video, a folder of frames or a project here", self)
        drop.setProperty("role", "muted")
        layout.addWidget(drop, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addSpacing(2 * SPACING_PX)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        layout.addLayout(self._recent)
        layout.addStretch(3)

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        row.addStretch()
        for text, ask in (
            ("Open video…", ask_video),
            ("Open frame folder…", ask_folder),
            ("Open project…", ask_project),
        ):
            button = QPushButton(text, self)
            button.clicked.connect(partial(self._request, ask))
            button.setMinimumHeight(40)
            button.setCursor(Qt.CursorShape.PointingHandCursor)
            button.setProperty("role", "primary" if ask is ask_video else "secondary")
            row.addWidget(button)
        row.addStretch()
        return row

    def _request(self, ask: object, _checked: bool = False) -> None:
        self.choice_requested.emit(ask)

    def show_recent(self, paths: list[Path]) -> None:
        """List recent paths, newest first."""
        while item := self._recent.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        if not paths:
            return
        decision_text = QLabel("Recent", self)
        decision_text.setProperty("role", "muted")
        decision_text.setFixedWidth(RECENT_WIDTH_PX)
        self._recent.addWidget(decision_text, 0, Qt.AlignmentFlag.AlignHCenter)
        for path in paths:
            self._recent.addWidget(self._recent_button(path), 0, Qt.AlignmentFlag.AlignHCenter)

    def _recent_button(self, path: Path) -> QToolButton:
        kind = "open-folder" if path.is_dir() else "open-video"
        button = QToolButton(self)
        button.setToolTip(str(path))
        button.setText(
            button.fontMetrics().elidedText(
                f" {path.name}   {path.parent}", Qt.TextElideMode.ElideMiddle, RECENT_WIDTH_PX - 40
            )
        )
        button.setIcon(icon("open-project" if path.suffix == ".tsam" else kind))
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.setFixedWidth(RECENT_WIDTH_PX)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.clicked.connect(lambda: self.path_requested.emit(path))
        return button
