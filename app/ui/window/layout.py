"""The toolbars and docks of the window, and where they are."""

from PySide6.QtCore import QByteArray, QSize, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QMainWindow, QScrollArea, QToolBar, QWidget

from app.ui.translation import QT_TRANSLATE_NOOP, translate

LEFT, RIGHT = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
DOCKS = (
    (QT_TRANSLATE_NOOP("WindowLayout", "Objects"), LEFT),
    (QT_TRANSLATE_NOOP("WindowLayout", "Memory"), RIGHT),
    (QT_TRANSLATE_NOOP("WindowLayout", "Review"), RIGHT),
    (QT_TRANSLATE_NOOP("WindowLayout", "Jobs"), RIGHT),
)
"""The English titles of the docks; those at one side are tabs, the first one in front."""
ICON_PX = 20
OBJECTS_WIDTH_PX = 270  # initial, at most a fifth of the window's
MEMORY_WIDTH_PX = 340  # initial, at most a quarter of the window's


class WindowLayout:
    """Owns toolbars and docks, which are hidden until a session is open.

    Args:
        window: the main window.

    Attributes:
        commands, tools: the toolbar at the top, and that of the canvas tools at the left.
        docks: the docks by English title.
    """

    def __init__(self, window: QMainWindow) -> None:
        self._window = window
        self.commands = self._toolbar(QT_TRANSLATE_NOOP("WindowLayout", "Commands"))
        self.tools = self._toolbar(QT_TRANSLATE_NOOP("WindowLayout", "Tools"))
        window.addToolBar(self.commands)
        window.addToolBar(Qt.ToolBarArea.LeftToolBarArea, self.tools)
        self.docks: dict[str, QDockWidget] = {}
        first: dict[Qt.DockWidgetArea, QDockWidget] = {}
        for title, area in DOCKS:
            dock = self.docks[title] = self._dock(title, area)
            if area in first:
                window.tabifyDockWidget(first[area], dock)
            first.setdefault(area, dock)
        for dock in first.values():
            dock.raise_()

    def _toolbar(self, title: str) -> QToolBar:
        toolbar = QToolBar(translate("WindowLayout", title), self._window, movable=False)
        toolbar.setObjectName(title.lower())
        toolbar.setIconSize(QSize(ICON_PX, ICON_PX))
        toolbar.hide()
        return toolbar

    def _dock(self, title: str, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(translate("WindowLayout", title), self._window)
        dock.setObjectName(title.lower())
        dock.setFeatures(
            QDockWidget.DockWidgetFeature.DockWidgetClosable
            | QDockWidget.DockWidgetFeature.DockWidgetMovable
        )
        self._window.addDockWidget(area, dock)
        dock.hide()
        return dock

    def show(self, state: QByteArray | None) -> None:
        """Show everything as it was stored, or in its initial place."""
        for widget in (self.commands, self.tools, *self.docks.values()):
            widget.show()
        widths = {
            "Objects": min(OBJECTS_WIDTH_PX, self._window.width() // 5),
            "Memory": min(MEMORY_WIDTH_PX, self._window.width() // 4),
        }
        docks = [self.docks[title] for title in widths]
        self._window.resizeDocks(docks, list(widths.values()), Qt.Orientation.Horizontal)
        if state is not None:
            self._window.restoreState(state)

    def fill(self, **panels: QWidget) -> None:
        """Put panels into the docks of these English titles, in lower case."""
        for name, panel in panels.items():
            self.docks[name.capitalize()].setWidget(panel)


def scrollable(page: QWidget) -> QScrollArea:
    """Wrap a page, so that its contents do not keep the window from being small."""
    area = QScrollArea(widgetResizable=True)
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidget(page)
    return area
