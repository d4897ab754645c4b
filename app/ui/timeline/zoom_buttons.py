"""The buttons in the corner between the names and the ruler."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QToolButton, QWidget

from app.ui.timeline.scene import EDGE_PX, GUTTER_PX, RULER_PX


class ZoomButtons(QWidget):
    """Zoom out, zoom in and fit, for those without a wheel.

    Args:
        parent: the widget in whose upper left corner they are.

    Signals:
        out_clicked, in_clicked, fit_clicked: a button was clicked.
    """

    out_clicked = Signal()
    in_clicked = Signal()
    fit_clicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setGeometry(0, 0, GUTTER_PX - EDGE_PX, RULER_PX)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        for text, tip, clicked in (
            ("\N{MINUS SIGN}", "Zoom the timeline out", self.out_clicked),
            ("+", "Zoom the timeline in", self.in_clicked),
            ("Fit", "Show the whole film", self.fit_clicked),
        ):
            button = QToolButton(self)
            button.setText(text)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            button.clicked.connect(clicked)
            layout.addWidget(button)
        layout.addStretch()
