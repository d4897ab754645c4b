"""One frame of the memory bank in the memory panel, and the buttons that constrain it."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QImage, QMouseEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.memory import Constraint
from app.ui.panels.memory_charts import ScoreBar, TokenMap
from app.ui.panels.memory_text import BankEntry
from app.ui.style.colors import is_dark
from app.ui.style.icons import icon
from app.ui.style.memory_marks import MARK_NAMES, Mark, mark_icon

_CONSTRAINT_CHOICES = (
    (Constraint.PIN, "pin", "Pin", "Keep frame {} in memory when tracking again"),
    (Constraint.BAN, "ban", "Ban", "Keep frame {} out of memory when tracking again"),
    (None, "clear", "Release", "Let the tracker decide about frame {} again"),
)


class ConstraintButtons(QWidget):
    """Buttons to pin, ban and release a frame; the current constraint has no button.

    Args:
        with_text: whether the buttons show text beside the icon.
        parent: owner.

    Signals:
        chosen: `Constraint`, or None to remove it.
    """

    chosen = Signal(object)

    def __init__(self, with_text: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        self.buttons: dict[Constraint | None, QToolButton] = {}
        for choice, icon_name, text, _ in _CONSTRAINT_CHOICES:
            button = QToolButton(self)
            button.setIcon(icon(icon_name))
            button.setIconSize(QSize(16, 16))
            button.setText(text)
            button.setAutoRaise(True)
            if with_text:
                button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            button.clicked.connect(lambda _checked=False, c=choice: self.chosen.emit(c))
            layout.addWidget(button)
            self.buttons[choice] = button

    def set_frame(self, frame: int, constraint: Constraint | None) -> None:
        """Show the buttons for a frame with its current constraint."""
        for choice, _, text, tip in _CONSTRAINT_CHOICES:
            button = self.buttons[choice]
            button.setVisible(choice is not constraint)
            button.setToolTip(tip.format(frame))
            button.setAccessibleName(f"{text} frame {frame}")


class BankEntryView(QWidget):
    """A frame of the memory bank: thumbnail with kept tokens, scores and reason.

    Args:
        num_frames: number of frames of the video; reserves width for the longest frame number.
        parent: owner.

    Signals:
        frame_requested: the frame, on a click on its number or a double click anywhere.
        constraint_requested: frame, `Constraint` or None.
    """

    frame_requested = Signal(int)
    constraint_requested = Signal(int, object)

    def __init__(self, num_frames: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame = -1
        self.token_map = TokenMap(self)
        self.title = QToolButton(self)
        self.title.setAutoRaise(True)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title.clicked.connect(lambda: self.frame_requested.emit(self.frame))
        self.quality = ScoreBar("quality", Mark.KEPT, self)
        self.novelty = ScoreBar("novelty", Mark.PINNED, self)
        self.reason = QLabel(self, wordWrap=True)
        self.reason.setProperty("role", "muted")
        self.constraint_buttons = ConstraintButtons(parent=self)
        self.constraint_buttons.chosen.connect(
            lambda c: self.constraint_requested.emit(self.frame, c)
        )
        self.constraint_buttons.set_frame(0, None)
        self._arrange()
        self._reserve_width(num_frames)

    def _reserve_width(self, num_frames: int) -> None:
        self.title.setIcon(mark_icon(Mark.KEPT, is_dark(self.palette())))
        self.title.setText(f"Frame {10 ** len(str(num_frames - 1)) - 1}")
        self.title.ensurePolished()
        self.title.setMinimumWidth(self.title.sizeHint().width())

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(2)
        top.addWidget(self.title, 1)
        top.addWidget(self.constraint_buttons)
        right = QVBoxLayout()
        right.setSpacing(1)
        right.addLayout(top)
        right.addWidget(self.quality)
        right.addWidget(self.novelty)
        layout = QGridLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(2)
        layout.addWidget(self.token_map, 0, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(right, 0, 1)
        layout.addWidget(self.reason, 1, 0, 1, 2)
        layout.setColumnStretch(1, 1)

    def show_entry(self, entry: BankEntry) -> None:
        """Show another frame; its thumbnail follows by `set_image`."""
        if entry.frame != self.frame:
            self.token_map.set_image(None)
        self.frame = entry.frame
        name = MARK_NAMES[entry.mark]
        self.title.setIcon(mark_icon(entry.mark, is_dark(self.palette())))
        self.title.setText(f"Frame {entry.frame}")
        self.title.setToolTip(f"{name.capitalize()}; go to frame {entry.frame}")
        self.title.setAccessibleName(f"Go to frame {entry.frame}, {name}")
        self.quality.set_value(None if entry.scores is None else entry.scores.quality)
        self.novelty.set_value(None if entry.scores is None else entry.scores.novelty)
        self.reason.setText(f"{name.capitalize()}: {entry.reason}")
        self.token_map.set_survivors(entry.survivors)
        self.constraint_buttons.set_frame(entry.frame, entry.constraint)

    def set_image(self, image: QImage) -> None:
        """Set the thumbnail of the frame."""
        self.token_map.set_image(image)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Request the frame."""
        self.frame_requested.emit(self.frame)
