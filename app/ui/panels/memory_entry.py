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
from app.ui.style.memory_marks import (
    Mark,
    bank_color,
    mark_icon,
    mark_name,
    tokens_text,
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
        for choice, icon_name, text in (
            (Constraint.PIN, "pin", self.tr("Pin")),
            (Constraint.BAN, "ban", self.tr("Ban")),
            (None, "clear", self.tr("Release")),
        ):
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
        texts: dict[Constraint | None, tuple[str, str]] = {
            Constraint.PIN: (
                self.tr("Pin frame {frame}"),
                self.tr("Keep frame {frame} in memory when tracking again"),
            ),
            Constraint.BAN: (
                self.tr("Ban frame {frame}"),
                self.tr("Keep frame {frame} out of memory when tracking again"),
            ),
            None: (
                self.tr("Release frame {frame}"),
                self.tr("Let the tracker decide about frame {frame} again"),
            ),
        }
        for choice, (name, tip) in texts.items():
            button = self.buttons[choice]
            button.setVisible(choice is not constraint)
            button.setToolTip(tip.format(frame=frame))
            button.setAccessibleName(name.format(frame=frame))


class BankEntryView(QWidget):
    """A frame of the memory bank: thumbnail with kept tokens, scores and reason.

    Args:
        num_frames: number of frames of the video; reserves width for the longest frame number.
        parent: owner.

    Signals:
        frame_requested: the frame, on a click on its number or a double click anywhere.
        map_requested: the frame, whose kept tokens are to be shown large.
        constraint_requested: frame, `Constraint` or None.
    """

    frame_requested = Signal(int)
    map_requested = Signal(int)
    constraint_requested = Signal(int, object)

    def __init__(self, num_frames: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame = -1
        self.token_map = TokenMap(self)
        self.enlarge = QToolButton(self)
        self.enlarge.setIcon(icon("zoom-in"))
        self.enlarge.setIconSize(QSize(16, 16))
        self.enlarge.setAutoRaise(True)
        self.enlarge.clicked.connect(lambda: self.map_requested.emit(self.frame))
        self.token_map.double_clicked.connect(lambda: self.map_requested.emit(self.frame))
        self.title = QToolButton(self)
        self.title.setAutoRaise(True)
        self.title.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.title.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.title.clicked.connect(lambda: self.frame_requested.emit(self.frame))
        quality_tip = self.tr(
            "Quality: predicted IoU of the mask times object presence, from 0 to 1. The quality "
            "policy keeps no frame below its minimum."
        )
        novelty_tip = self.tr(
            "Novelty: how different the object looked from the frames in memory, from 0 (the "
            "same) to 1."
        )
        self.quality = ScoreBar(self.tr("quality"), Mark.KEPT, quality_tip, self)
        self.novelty = ScoreBar(self.tr("novelty"), Mark.PINNED, novelty_tip, self)
        self.tokens = QLabel(self)
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
        longest = 10 ** len(str(num_frames - 1)) - 1
        self.title.setText(self.tr("Frame {frame}").format(frame=longest))
        self.title.ensurePolished()
        self.title.setMinimumWidth(self.title.sizeHint().width())

    def _arrange(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(2)
        top.addWidget(self.title, 1)
        top.addWidget(self.enlarge)
        top.addWidget(self.constraint_buttons)
        right = QVBoxLayout()
        right.setSpacing(1)
        right.addWidget(self.quality)
        right.addWidget(self.novelty)
        right.addWidget(self.tokens)
        layout = QGridLayout(self)
        layout.setContentsMargins(8, 6, 8, 6)
        layout.setHorizontalSpacing(8)
        layout.setVerticalSpacing(2)
        layout.addLayout(top, 0, 0, 1, 2)
        layout.addWidget(self.token_map, 1, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(right, 1, 1)
        layout.addWidget(self.reason, 2, 0, 1, 2)
        layout.setColumnStretch(1, 1)

    def show_entry(self, entry: BankEntry) -> None:
        """Show another frame; its thumbnail follows by `set_image`."""
        if entry.frame != self.frame:
            self.token_map.set_image(None)
        self.frame = entry.frame
        name, frame = mark_name(entry.mark), entry.frame
        self.title.setIcon(mark_icon(entry.mark, is_dark(self.palette())))
        self.title.setText(self.tr("Frame {frame}").format(frame=frame))
        tip = self.tr("{mark}; go to frame {frame}")
        self.title.setToolTip(tip.format(mark=name.capitalize(), frame=frame))
        accessible = self.tr("Go to frame {frame}, {mark}")
        self.title.setAccessibleName(accessible.format(frame=frame, mark=name))
        tip = self.tr("Show the kept tokens of frame {frame} on the canvas")
        self.enlarge.setToolTip(tip.format(frame=frame))
        self.enlarge.setAccessibleName(self.enlarge.toolTip())
        self.quality.set_value(None if entry.scores is None else entry.scores.quality)
        self.novelty.set_value(None if entry.scores is None else entry.scores.novelty)
        reason = self.tr("{mark}: {reason}")
        self.reason.setText(reason.format(mark=name.capitalize(), reason=entry.reason))
        self._show_tokens(entry)
        self.constraint_buttons.set_frame(entry.frame, entry.constraint)

    def _show_tokens(self, entry: BankEntry) -> None:
        """Show how many tokens the frame holds; all of an entry without any is gray."""
        self.tokens.setText(tokens_text(entry.tokens))
        empty_tip = self.tr(
            "The tokens of other frames took the whole budget, so the next frame reads nothing of "
            "this one but, at most, its object pointer: one vector that stands for the object."
        )
        tip = self.tr("Tokens of this frame that the next frame can read.")
        self.tokens.setToolTip(empty_tip if entry.is_empty else tip)
        self.token_map.set_survivors(entry.survivors, entry.tokens, bank_color(entry.position))
        for bar in (self.quality, self.novelty):
            bar.setEnabled(not entry.is_empty)
        for widget in (self.title, self.tokens):
            widget.setProperty("role", "muted" if entry.is_empty else "")
            widget.style().polish(widget)

    def set_image(self, image: QImage) -> None:
        """Set the thumbnail of the frame."""
        self.token_map.set_image(image)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Request the frame."""
        self.frame_requested.emit(self.frame)
