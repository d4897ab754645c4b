"""The window that shows two runs side by side, and lets the user take one of them."""

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QButtonGroup,
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSplitter,
    QToolButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from app.media.frames import FrameSource, Pixels
from app.tracking.comparison import NUM_VARIANTS, Comparison, Curve
from app.ui.dialogs.comparison_curves import ComparisonCurves, number
from app.ui.dialogs.comparison_view import BOTH_RGB, SIDE_RGB, ComparisonView, Shown, swatch
from app.ui.jobs.frame_loader import FrameLoader, qimage_of
from app.ui.style.theme import SPACING_PX
from app.ui.translation import PLURAL, translate

SIZE_PX = (960, 580)
AGREEING_IOU = 0.9
"""IoU of the two masks below which a frame counts as different."""


class ComparisonWindow(QDialog):
    """Shows a `Comparison` while and after it is computed.  Lives on the GUI thread.

    Args:
        name: of the object.
        comparison: what the runs found; call `refresh` when it has grown.
        source: the video.
        parent: owner.

    Signals:
        used: 0 or 1, the variant that the user takes.
    """

    used = Signal(int)

    def __init__(
        self, name: str, comparison: Comparison, source: FrameSource, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Memory policies on {name}").format(name=name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.comparison = comparison
        self.frame = comparison.request.track.start
        self._loader = FrameLoader(source, self)
        self._loader.loaded.connect(self._on_loaded)
        self.view = ComparisonView(self)
        self.curves = ComparisonCurves(comparison, self)
        self.curves.frame_requested.connect(self.show_frame)
        self.banks = self._make_banks()
        self.summary = QLabel(self, wordWrap=True)
        self._make_buttons()
        self._arrange()
        available = self.screen().availableSize()
        self.resize(*(min(a, b) for a, b in zip(SIZE_PX, available.toTuple(), strict=True)))
        self.show_frame(self.frame)

    def _make_banks(self) -> QTreeWidget:
        banks = QTreeWidget(self)
        banks.setHeaderLabels([self.tr("Tokens of"), "A", "B"])
        banks.setRootIsDecorated(False)
        banks.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        name = self.tr("Frames in the memory banks of A and B, and their tokens")
        banks.setAccessibleName(name)
        banks.header().setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        banks.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        tip = self.tr("How many tokens of each remembered frame the two banks hold; - for none")
        banks.setToolTip(tip)
        banks.setMinimumWidth(220)
        return banks

    def _make_buttons(self) -> None:
        self.modes = QButtonGroup(self)
        self._mode_row = QHBoxLayout()
        for place, shown in enumerate(Shown):
            button = QToolButton(self)
            button.setText(translate("ComparisonView", shown.value))
            button.setCheckable(True)
            button.setChecked(shown is Shown.DIFFERENCE)
            self.modes.addButton(button, place)
            self._mode_row.addWidget(button)
        self.modes.buttonClicked.connect(lambda _button: self._show_masks())
        self._mode_row.addStretch()
        self.use: list[QPushButton] = []
        self._buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close, self)
        for side, letter in enumerate("AB"):
            use = QPushButton(self.tr("Use {letter}").format(letter=letter), self)
            tip = self.tr("Put its masks and memory decisions into the project; can be undone")
            use.setToolTip(tip)
            use.setAutoDefault(False)
            use.clicked.connect(lambda _checked=False, s=side: self.used.emit(s))
            self._buttons.addButton(use, QDialogButtonBox.ButtonRole.ActionRole)
            self.use.append(use)
        self._buttons.rejected.connect(self.reject)

    def _arrange(self) -> None:
        legend = QLabel(_legend(self.comparison), self, wordWrap=True)
        left, right = QWidget(self), QWidget(self)
        for side, widgets in ((left, (self.view,)), (right, (legend, self.banks))):
            column = QVBoxLayout(side)
            column.setContentsMargins(0, 0, 0, 0)
            for widget in widgets:
                column.addWidget(widget, int(widget is not legend))
        left_layout = left.layout()
        assert isinstance(left_layout, QVBoxLayout)
        left_layout.addLayout(self._mode_row)
        splitter = QSplitter(Qt.Orientation.Horizontal, self)
        splitter.addWidget(left)
        splitter.addWidget(right)
        splitter.setStretchFactor(0, 1)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setSpacing(SPACING_PX)
        layout.addWidget(splitter, 1)
        layout.addWidget(self.curves)
        bottom = QHBoxLayout()
        bottom.addWidget(self.summary, 1)
        bottom.addWidget(self._buttons)
        layout.addLayout(bottom)

    def refresh(self, is_complete: bool) -> None:
        """Show what the runs have found since; only complete ones can be taken."""
        for button in self.use:
            button.setEnabled(is_complete)
        self.summary.setText(_summary(self.comparison))
        self.curves.refresh()
        self._show_masks()
        self._show_banks()

    def show_frame(self, frame: int) -> None:
        """Show the masks and banks of a frame."""
        self.frame = min(max(frame, self.comparison.first), self.comparison.last)
        self.curves.set_frame(self.frame)
        self._loader.request(self.frame)
        self._show_masks()
        self._show_banks()

    def _show_masks(self) -> None:
        found = [self.comparison.prediction(side, self.frame) for side in range(NUM_VARIANTS)]
        a, b = (None if each is None else each.mask for each in found)
        self.view.set_masks((a, b), [*Shown][self.modes.checkedId()])

    def _show_banks(self) -> None:
        self.banks.clear()
        for remembered, tokens in self.comparison.banks(self.frame).items():
            texts = ["-" if n is None else f"{n:,}" for n in tokens]
            name = self.tr("frame {frame}").format(frame=remembered)
            item = QTreeWidgetItem([name, *texts])
            for column, count in enumerate(tokens, 1):
                if not count:
                    item.setForeground(column, self.palette().placeholderText())
            self.banks.addTopLevelItem(item)

    def _on_loaded(self, frame: int, bgra: Pixels) -> None:
        if frame == self.frame:
            self.view.set_image(qimage_of(bgra).copy())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step by the arrow keys."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        if (step := steps.get(Qt.Key(event.key()))) is not None:
            self.show_frame(self.frame + step)
        else:
            super().keyPressEvent(event)

    def done(self, result: int) -> None:
        """End the threads that read the video, however the window is closed."""
        self._loader.shutdown()
        super().done(result)


def _legend(comparison: Comparison) -> str:
    names = [each.label for each in comparison.request.variants]
    both = translate("ComparisonWindow", "Both")
    sides = [*zip("AB", SIDE_RGB, names, strict=True), (both, BOTH_RGB, "")]
    lines = [f"{swatch(rgb)} <b>{letter}</b> {name}" for letter, rgb, name in sides]
    return "<br>".join(lines)


def _summary(comparison: Comparison) -> str:
    known = comparison.iou[~np.isnan(comparison.iou)]
    if not len(known):
        return translate("ComparisonWindow", "Tracking…")
    differing = int((known < AGREEING_IOU).sum())
    predicted, tokens = (
        " / ".join(number(_mean(each), digits) for each in curves)
        for curves, digits in ((comparison.predicted_iou, 2), (comparison.tokens, 0))
    )
    num_frames = len(comparison.iou)
    text = translate(
        "ComparisonWindow",
        "{known} of {frames}: mean IoU of A and B {iou}, {differing} differ (below {least}); "
        "predicted IoU {predicted}; tokens {tokens}.",
    )
    return text.format(
        known=len(known),
        frames=translate("ComparisonWindow", "%Ln frame(s)", "", PLURAL, num_frames),
        iou=f"{known.mean():.2f}",
        differing=differing,
        least=AGREEING_IOU,
        predicted=predicted,
        tokens=tokens,
    )


def _mean(values: Curve) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else float("nan")
