"""The start page, which is shown until a session is open."""

from functools import partial
from pathlib import Path

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QIcon, QPixmap
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.ui.dialogs.paths import ask_folder, ask_project, ask_video
from app.ui.state.recent import THUMBNAIL_SIZE, RecentEntry
from app.ui.style.elided import ElidedLabel
from app.ui.style.icons import icon
from app.ui.style.theme import SPACING_PX
from app.ui.window.model_card import ModelCard

COLUMN_PX = 640
SAMPLE = Path(__file__).parents[3] / "resources" / "sample" / "sample.mp4"
"""The clip that comes with the program; it may be left out of an installation."""


class RecentButton(QToolButton):
    """A recent project: thumbnail, name, folder, and how far it is."""

    def __init__(self, entry: RecentEntry, parent: QWidget) -> None:
        super().__init__(parent)
        self.setToolTip(str(entry.path))
        name = self.tr("Open {name}").format(name=entry.path.name)
        self.setAccessibleName(f"{name}, {entry.progress}" if entry.progress else name)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._entry = entry
        image = self._image = QLabel(self)
        image.setFixedSize(THUMBNAIL_SIZE / 2)
        image.setAlignment(Qt.AlignmentFlag.AlignCenter)
        image.setPixmap(self._pixmap(entry))
        texts = QVBoxLayout()
        texts.setSpacing(0)
        middle = Qt.TextElideMode.ElideMiddle
        for text, role in (
            (entry.path.name, ""),
            (str(entry.path.parent), "muted"),
            (entry.progress, "muted"),
        ):
            label = ElidedLabel(self, middle)
            label.setText(text)
            label.setProperty("role", role)
            texts.addWidget(label)
        row = QHBoxLayout(self)
        row.setContentsMargins(SPACING_PX, SPACING_PX // 2, SPACING_PX, SPACING_PX // 2)
        row.setSpacing(2 * SPACING_PX)
        row.addWidget(image)
        row.addLayout(texts, 1)
        for child in self.findChildren(QLabel):
            child.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setMinimumHeight(row.sizeHint().height())

    def changeEvent(self, event: QEvent) -> None:
        """Paint the icon in the colors of a new theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._image.setPixmap(self._pixmap(self._entry))

    def _pixmap(self, entry: RecentEntry) -> QPixmap:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap(str(entry.thumbnail))
        if pixmap.isNull():
            kind = "open-folder" if entry.path.is_dir() else "open-video"
            name = "open-project" if entry.path.suffix == ".tsam" else kind
            found: QIcon = icon(name)
            return found.pixmap(QSize(24, 24), ratio)
        keep, smooth = (
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        scaled = pixmap.scaled(THUMBNAIL_SIZE / 2 * ratio, keep, smooth)
        scaled.setDevicePixelRatio(ratio)
        return scaled


class Welcome(QWidget):
    """Start page: opens a video, folder, project or the sample, and lists recent projects.

    Attributes:
        models: the state of the models.

    Signals:
        choice_requested: the function of `app.ui.dialogs.paths` that asks for the path.
        path_requested: the path to open.
    """

    choice_requested = Signal(object)
    path_requested = Signal(Path)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(self.tr("Start page"))
        outer = QHBoxLayout(self)
        column = QWidget(self)
        column.setMaximumWidth(COLUMN_PX)
        outer.addStretch(1)
        outer.addWidget(column, 100)
        outer.addStretch(1)
        layout = QVBoxLayout(column)
        layout.setSpacing(2 * SPACING_PX)
        layout.addStretch(2)
        for text, role in (
            (self.tr("TinySAM 2 annotator"), "title"),
            (self.tr("Open a video, click an object, track it, correct, export."), "muted"),
        ):
            layout.addWidget(self._label(text, role))
        layout.addLayout(self._buttons())
        layout.addWidget(
            self._label(self.tr("or drop a video, a folder of frames or a project here"), "muted")
        )
        self.models = ModelCard(column)
        layout.addWidget(self.models)
        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        layout.addLayout(self._recent)
        layout.addStretch(3)

    def _label(self, text: str, role: str) -> QLabel:
        label = QLabel(text, self, wordWrap=True)
        label.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        label.setProperty("role", role)
        return label

    def _buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(SPACING_PX)
        for text, ask in (
            (self.tr("Open video…"), ask_video),
            (self.tr("Frame folder…"), ask_folder),
            (self.tr("Project…"), ask_project),
        ):
            button = self._button(text, is_primary=ask is ask_video)
            button.clicked.connect(partial(self._request, ask))
            row.addWidget(button)
        sample = self._button(self.tr("Sample clip"), is_primary=False)
        sample.setToolTip(self.tr("Six seconds in which a fox chases a ball"))
        sample.clicked.connect(lambda: self.path_requested.emit(SAMPLE))
        sample.setVisible(SAMPLE.is_file())
        row.addWidget(sample)
        return row

    def _button(self, text: str, is_primary: bool) -> QPushButton:
        button = QPushButton(text, self)
        button.setMinimumHeight(40)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setProperty("role", "primary" if is_primary else "secondary")
        return button

    def _request(self, ask: object, _checked: bool = False) -> None:
        self.choice_requested.emit(ask)

    def show_recent(self, entries: list[RecentEntry]) -> None:
        """List recent projects, newest first."""
        while item := self._recent.takeAt(0):
            if widget := item.widget():
                widget.deleteLater()
        if not entries:
            return
        heading = QLabel(self.tr("Recent projects"), self)
        heading.setProperty("role", "muted")
        self._recent.addWidget(heading)
        for entry in entries:
            button = RecentButton(entry, self)
            button.clicked.connect(partial(self._open, entry.path))
            self._recent.addWidget(button)

    def _open(self, path: Path, _checked: bool = False) -> None:
        self.path_requested.emit(path)
