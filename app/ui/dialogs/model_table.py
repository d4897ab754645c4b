"""The table of known models."""

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.core.settings import BUNDLED_MODEL
from app.tracking.model_catalog import BUNDLED_SCORE, MEGABYTE, KnownModelRow, ModelState
from app.ui.style.theme import SPACING_PX

RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
ROW_HEIGHT_PX = 26

_ColumnSpec = tuple[str, Callable[[KnownModelRow], str], Qt.AlignmentFlag]
COLUMNS: tuple[_ColumnSpec, ...] = (
    ("Model", lambda model: model.title, LEFT),
    ("Family", lambda model: model.family, LEFT),
    ("Parameters", lambda model: f"{model.parameters / MEGABYTE:.1f} M", RIGHT),
    ("J&F", lambda model: score_text(model), RIGHT),
    ("License", lambda model: model.license, LEFT),
    ("Weights", lambda model: model.state.value, LEFT),
)
SCORE_TIP = (
    "J&F in percent on the validation split of DAVIS 2017, as published\n"
    "* measured on 15 of its 30 sequences"
)


# Parts of titles that do not explain themselves.
TITLE_TIPS = (
    (" Ti", "Ti: the image encoder is a ViT-Tiny, the fastest"),
    (" S", "S: the image encoder is a ViT-Small"),
    ("pooled memory", "Pooled memory: attention reads means over 2 x 2 locations, which is faster"),
    ("/1", "/1: the number of merged locations is added to the attention logits"),
    ("/2", "/2: the number of merged locations is added to the keys"),
    ("512 px", "512 px: trained for inputs of this size"),
)


def title_tip(model: KnownModelRow) -> str:
    """Return the name of a model on the command line and what its title means, one per line."""
    words = [tip for part, tip in TITLE_TIPS if part in model.title.removeprefix(model.family)]
    return "\n".join([f"--model {model.name}", *words])


def score_text(model: KnownModelRow) -> str:
    """Return the J&F of a model in percent; a star marks the measured one, a dash none."""
    if model.name == BUNDLED_MODEL and model.state is ModelState.BUNDLED:
        return f"{100 * BUNDLED_SCORE:.1f}*"
    return "-" if model.davis17_val is None else f"{model.davis17_val}"


class ModelTable(QTableWidget):
    """Lists the known models with one selected; models without stored weights are grayed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, len(COLUMNS), parent)
        self._models: Sequence[KnownModelRow] = ()
        self.setAccessibleName("Known models")
        self.setHorizontalHeaderLabels([title for title, _, _ in COLUMNS])
        for index, (title, _, side) in enumerate(COLUMNS):
            header = self.horizontalHeaderItem(index)
            assert header is not None
            header.setTextAlignment(side)
            header.setToolTip(SCORE_TIP if title == "J&F" else "")
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.horizontalHeader().setHighlightSections(False)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(ROW_HEIGHT_PX)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setTabKeyNavigation(False)
        self.setShowGrid(False)
        self.setStyleSheet(f"QTableView::item {{ padding: 0 {SPACING_PX // 2}px; }}")

    def show_models(self, models: Sequence[KnownModelRow], selected: str) -> None:
        """Fill the table and select a model by name; the first one if the name is unknown."""
        self._models = models
        self.setRowCount(len(models))
        muted = self.palette().placeholderText()
        for row, model in enumerate(models):
            for column, (_, text_of, side) in enumerate(COLUMNS):
                item = QTableWidgetItem(text_of(model))
                item.setTextAlignment(side)
                item.setToolTip(title_tip(model))
                if model.state is ModelState.NOT_STORED:
                    item.setForeground(muted)
                self.setItem(row, column, item)
        names = [model.name for model in models]
        self.selectRow(names.index(selected) if selected in names else 0)

    @property
    def selected(self) -> KnownModelRow:
        """The selected model."""
        return self._models[max(0, self.currentRow())]
