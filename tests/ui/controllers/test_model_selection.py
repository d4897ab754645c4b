"""Choosing a model: what there is, getting it, how it runs, switching to it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtWidgets import (
    QApplication,
    QFileDialog,
    QLabel,
    QMessageBox,
    QProgressBar,
    QPushButton,
    QToolButton,
)
from pytestqt.qtbot import QtBot

from app.core.errors import ModelError
from app.core.settings import ModelSettings
from app.tracking.backend import ModelDescription, TrackerBackend
from app.ui.dialogs.model_dialog import ModelDialog
from app.ui.state.preferences import Preferences
from app.ui.window.main_window import MainWindow
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui


@dataclass
class Loader:
    """Makes fake models and records which; fails if `error` is set."""

    made: list[ModelSettings] = field(default_factory=list)
    error: ModelError | None = None
    gate: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.gate.set()

    def __call__(self, settings: ModelSettings) -> TrackerBackend:
        if self.error:
            raise self.error
        self.made.append(settings)
        self.gate.wait(10)
        backend = FakeBackend()
        size = settings.input_size or 1024
        backend.description = ModelDescription(settings.name, 0, settings.device, size)
        return backend


class ModelUser(WindowDriver):
    """A user who chooses models."""

    def __init__(self, driver: WindowDriver) -> None:
        super().__init__(driver.qtbot, driver.window)
        self.catalog = FakeCatalog()
        self.loader = Loader()
        self.window.models.catalog = self.catalog
        self.window.model._load_backend = self.loader

    def ask(self) -> ModelDialog:
        self.do("Model…")
        self.wait(lambda: bool(self.dialogs()))
        return self.dialogs()[0]

    def dialogs(self) -> list[ModelDialog]:
        return [d for d in self.window.findChildren(ModelDialog) if d.isVisible()]

    def press_button(self, text: str) -> None:
        self.button(text).click()

    def button(self, text: str) -> QPushButton:
        buttons = self.dialogs()[0].findChildren(QPushButton)
        return next(button for button in buttons if button.text().startswith(text))

    def sentence(self) -> str:
        labels = self.dialogs()[0].findChildren(QLabel)
        return next(label.text() for label in labels if label.property("role") == "error")

    def enter(self, name: str, value: str | float | None) -> None:
        self.dialogs()[0].form._inputs[name].show_value(value)

    def messages(self) -> list[str]:
        boxes = self.window.findChildren(QMessageBox)
        return [f"{box.text()} {box.informativeText()}".strip() for box in boxes]


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[ModelUser]:
    with open_window(qtbot, small_clip(tmp_path, 4)) as driver:
        driver.wait(lambda: driver.window.model._backend is not None)
        yield ModelUser(driver)


def cells(dialog: ModelDialog, row: int) -> list[str]:
    items = [dialog.table.item(row, column) for column in range(dialog.table.columnCount())]
    return [item.text() for item in items if item]


def test_the_table_lists_the_known_models(user: ModelUser) -> None:
    dialog = user.ask()
    assert cells(dialog, 0) == [
        "TinySAM 2",
        "TinySAM 2",
        "12.3 M",
        "77.0*",
        "Apache-2.0",
        "bundled",
    ]
    assert cells(dialog, 1) == ["EdgeTAM", "EdgeTAM", "13.9 M", "87.7", "Apache-2.0", "not stored"]
    header = dialog.table.horizontalHeaderItem(3)
    assert header is not None
    assert "* measured on 15 of its 30 sequences" in header.toolTip()
    assert dialog.table.selected.name == "tinysam2"
    hints = [label.text() for label in dialog.form.findChildren(QLabel)]
    for default in ("576 px", "Automatic", "7 %", "2 x 2 tokens", "By quality (TinySAM 2)", "0.50"):
        assert f"default: {default}" in hints


def test_clicking_the_model_in_the_status_bar_opens_it(user: ModelUser) -> None:
    buttons = user.window.status.findChildren(QToolButton)
    next(button for button in buttons if button.accessibleName().startswith("Model")).click()
    user.wait(lambda: bool(user.dialogs()))
    user.do("Model…")
    user.qtbot.wait(50)
    assert len(user.dialogs()) == 1


def test_another_model_is_used_and_stored(user: ModelUser) -> None:
    dialog = user.ask()
    dialog.table.selectRow(2)
    user.enter("device", "cpu")
    user.enter("input_size", 512)
    user.enter("keep_ratio", 0.25)
    user.enter("max_frames", 5)
    user.press_button("Use this model")
    user.wait(lambda: not user.dialogs())
    expected = ModelSettings(
        "sam2.1-hiera-tiny", None, "cpu", 512, (("max_frames", 5), ("keep_ratio", 0.25))
    )
    assert user.loader.made == [expected]
    assert user.workspace.session.jobs.backend.description.name == "sam2.1-hiera-tiny"
    assert Preferences().model == expected
    user.click_and_wait(20, 20)
    dialog = user.ask()
    assert dialog.table.selected.name == "sam2.1-hiera-tiny"
    assert dialog.form.settings() == expected
    user.press_button("Reset to defaults")
    assert dialog.form.settings() == ModelSettings("sam2.1-hiera-tiny")


def test_the_next_window_starts_with_the_stored_model(user: ModelUser) -> None:
    Preferences().model = ModelSettings("edgetam", device="cpu")
    loader = Loader()
    window = MainWindow(load_backend=loader)
    other = MainWindow(ModelSettings(input_size=256), loader)
    assert window.model.load().description.name == "edgetam"
    assert other.model.load().description.input_size == 256
    for each in (window, other):
        each.close()
        each.deleteLater()


def test_a_model_that_cannot_run_is_explained_and_not_selectable(
    user: ModelUser, tmp_path: Path
) -> None:
    dialog = user.ask()
    user.enter("input_size", 500)
    assert user.sentence() == "The input size of TinySAM 2 must be a multiple of 64 px, got 500 px."
    assert not user.button("Use this model").isEnabled()
    dialog.table.selectRow(1)
    assert user.sentence() == (
        "The weights of EdgeTAM are not stored. Download or import them first."
    )
    user.enter("checkpoint", str(tmp_path / "gone.pt"))
    assert "There is no weights file at" in user.sentence()
    (tmp_path / "gone.pt").touch()
    user.enter("checkpoint", None)
    user.enter("checkpoint", str(tmp_path / "gone.pt"))
    assert user.sentence() == ""
    assert user.button("Use this model").isEnabled()


def test_a_model_that_cannot_be_loaded_keeps_the_current_one(user: ModelUser) -> None:
    before = user.window.model.settings
    user.loader.error = ModelError("The weights are of another model.", "Choose another file.")
    dialog = user.ask()
    dialog.table.selectRow(2)
    user.press_button("Use this model")
    user.wait(lambda: bool(user.messages()))
    assert user.messages() == ["The weights are of another model. Choose another file."]
    assert user.dialogs() == [dialog]
    assert user.button("Use this model").isEnabled()
    assert user.window.model.settings is before
    assert Preferences().model == ModelSettings()


def test_canceling_while_a_model_loads_keeps_the_current_one(user: ModelUser) -> None:
    user.ask().table.selectRow(2)
    user.loader.gate.clear()
    user.press_button("Use this model")
    user.wait(lambda: user.loader.made != [])
    assert not user.button("Loading").isEnabled()
    user.press_button("Cancel")
    user.loader.gate.set()
    user.wait(lambda: user.window.model_jobs.is_idle)
    assert user.window.model.settings.name == "tinysam2"
    assert Preferences().model == ModelSettings()


def test_importing_selects_the_model_whose_weights_they_are(
    user: ModelUser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = str(tmp_path / "some.pt")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *words: (chosen, ""))
    dialog = user.ask()
    user.press_button("Import weights file…")
    user.wait(lambda: dialog.table.selected.name == "edgetam")
    assert user.catalog.imported == [(Path(chosen), "tinysam2")]
    assert cells(dialog, 1)[-1] == "stored"
    assert user.button("Use this model").isEnabled()
    user.catalog.error = ModelError("The file some.pt is damaged.")
    user.press_button("Import weights file…")
    user.wait(lambda: user.messages() == ["The file some.pt is damaged."])


def test_a_download_shows_its_progress_and_can_be_stopped(user: ModelUser) -> None:
    dialog = user.ask()
    assert not user.button("Download").isEnabled()
    dialog.table.selectRow(1)
    assert user.button("Download").text() == "Download (56 MB)"
    user.catalog.step_s = 0.05
    user.press_button("Download")
    bar = dialog.findChildren(QProgressBar)[0]
    user.wait(lambda: bar.isVisible() and bar.value() > 1)
    assert not user.button("Download").isEnabled()
    user.press_button("Stop")
    user.wait(lambda: not bar.isVisible())
    assert cells(dialog, 1)[-1] == "not stored"
    user.catalog.step_s = 0
    user.press_button("Download")
    user.wait(lambda: cells(dialog, 1)[-1] == "stored")
    assert not user.messages()


def test_without_network_a_download_reports_an_error(user: ModelUser) -> None:
    dialog = user.ask()
    dialog.table.selectRow(1)
    user.catalog.error = ModelError("The address cannot be reached.", "Import it here.")
    user.press_button("Download")
    user.wait(lambda: bool(user.messages()))
    assert user.messages() == ["The address cannot be reached. Import it here."]
    user.wait(lambda: user.button("Download").isEnabled())


def test_a_download_continues_when_the_dialog_is_closed(user: ModelUser) -> None:
    user.ask().table.selectRow(1)
    user.catalog.step_s = 0.02
    user.press_button("Download")
    user.press_button("Cancel")
    assert user.window.file_jobs.running
    dialog = user.ask()
    assert dialog.findChildren(QProgressBar)[0].isVisible()
    user.wait(lambda: cells(dialog, 1)[-1] == "stored")


def test_what_runs_the_model_is_shown_where_reports_are_made(
    qtbot: QtBot, tmp_path: Path, qapp: QApplication
) -> None:
    backend = FakeBackend()
    backend.description = ModelDescription(
        "tinysam2", 0, "cpu", 576, "auto", "bfloat16", ("decode", "encode_image")
    )
    with open_window(qtbot, small_clip(tmp_path), backend) as driver:
        user = ModelUser(driver)
        user.window.model._load_backend = lambda _settings: backend
        user.click_and_wait(20, 20)
        expected = "OpenVINO + PyTorch, bfloat16 (OpenVINO: decode, encode_image)"
        dialog = user.ask()
        assert any(expected in label.text() for label in dialog.findChildren(QLabel))
        dialog.reject()
        user.do("About")
        [about] = user.window.findChildren(QMessageBox)
        assert expected in about.informativeText()
        about.close()
        user.do("Copy diagnostics")
        assert expected in qapp.clipboard().text()
