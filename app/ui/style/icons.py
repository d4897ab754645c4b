"""Icons: the SVG files in ``resources/icons``, painted in the current text color."""

from functools import lru_cache
from pathlib import Path

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer

ICON_FOLDER = Path(__file__).resolve().parents[3] / "resources" / "icons"


@lru_cache
def _source(name: str) -> str:
    return (ICON_FOLDER / f"{name}.svg").read_text("utf-8")


@lru_cache(maxsize=256)
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_source(name).replace("currentColor", color).encode()))


class _TintedEngine(QIconEngine):
    """Paints an icon in the text color of the current palette, so it follows the theme."""

    def __init__(self, name: str, name_on: str) -> None:
        super().__init__()
        self._name = name
        self._name_on = name_on

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        """Paint the icon into ``rect``."""
        is_disabled, is_on = mode is QIcon.Mode.Disabled, state is QIcon.State.On
        group = QPalette.ColorGroup.Disabled if is_disabled else QPalette.ColorGroup.Active
        role = QPalette.ColorRole.HighlightedText if is_on else QPalette.ColorRole.ButtonText
        color = QGuiApplication.palette().color(group, role)
        name = self._name_on if is_on else self._name
        _renderer(name, color.name()).render(painter, QRectF(rect))

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        """Return a transparent pixmap with the icon."""
        pixmap = QPixmap(size)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return pixmap

    def clone(self) -> QIconEngine:
        """Return a copy for another `QIcon`."""
        return _TintedEngine(self._name, self._name_on)


def icon(name: str, name_on: str = "") -> QIcon:
    """Return the icon ``resources/icons/<name>.svg``, which follows the theme.

    Args:
        name: file name without suffix.
        name_on: file name for the checked state; ``name`` if empty.

    Raises:
        FileNotFoundError: there is no such icon.
    """
    _source(name)
    return QIcon(_TintedEngine(name, name_on or name))
