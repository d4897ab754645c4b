"""Memory in the real window with the fake tracker: the map on the canvas, and its export."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QLabel, QMessageBox
from pytestqt.qtbot import QtBot

from app.tracking.comparison import MemoryVariant
from app.ui.dialogs.compare_dialog import CompareDialog
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.fake_catalog import FakeCatalog
from tests.helpers.window import WindowDriver, open_window, small_clip

pytestmark = pytest.mark.gui
FRAMES = 12


@pytest.fixture
def user(qtbot: QtBot, tmp_path: Path) -> Iterator[WindowDriver]:
    """A window in which one object is tracked over all frames; the last one is displayed."""
    with open_window(qtbot, small_clip(tmp_path, FRAMES)) as driver:
        driver.click_and_wait(20, 20)
        driver.press("T")
        driver.wait_until_idle()
        driver.go(FRAMES - 1)
        yield driver


def canvas(user: WindowDriver) -> QImage:
    return user.workspace.canvas.grab().toImage()


def test_a_key_shows_the_map_and_the_panel_enlarges_a_frame_of_the_bank(user: WindowDriver) -> None:
    plain = canvas(user)
    user.press("K")
    assert canvas(user) != plain
    panel = user.workspace.memory
    record = user.document.memory(1, FRAMES - 1)
    assert record is not None
    user.wait(lambda: [e.frame for e in panel.entries if e.isVisible()] == list(record.bank))
    panel.entries[0].enlarge.click()
    user.wait(lambda: user.workspace.view.frame == record.bank[0])
    user.wait(panel.back.isVisible)
    assert panel.bank_title.text().startswith(f"In memory after frame {FRAMES - 1}")
    panel.back.click()
    assert user.workspace.view.frame == FRAMES - 1
    user.wait_for_frame()
    user.press("K")
    assert not user.workspace.view.show_memory_map


def test_the_memory_of_the_session_is_exported_as_json_csv_and_images(
    user: WindowDriver, tmp_path: Path
) -> None:
    dialog = user.window.exporting.ask(user.workspace.session, ("memory", "memory_csv"))
    assert dialog.request().formats == ("memory", "memory_csv")
    dialog.reject()
    user.do("Export memory…")
    order = user.window.exporting.ask(user.workspace.session, None)
    order.reject()
    formats = ("memory", "memory_csv", "memory_maps")
    user.window.exporting.start(
        user.workspace.session, replace(order.request(), formats=formats, folder=tmp_path / "out")
    )
    user.wait(lambda: bool(user.window.findChildren(QMessageBox)))
    found = sorted(path.suffix for path in (tmp_path / "out").rglob("*") if path.is_file())
    assert found == [".csv", ".json", *[".png"] * FRAMES]


def test_two_policies_are_compared_and_one_is_used(user: WindowDriver) -> None:
    before = {f: user.document.mask(1, f) for f in range(FRAMES)}
    user.go(0)
    user.window.models.catalog = FakeCatalog()
    user.do("Compare policies…")
    user.wait(lambda: bool(user.window.findChildren(CompareDialog)))
    [dialog] = user.window.findChildren(CompareDialog)
    variants, frames = dialog.variants, dialog.frames
    dialog.reject()
    window = user.workspace.policies.start(1, frames, variants)
    assert window is not None
    assert not window.use[0].isEnabled()
    user.wait_until_idle()
    user.wait(window.use[1].isEnabled)
    assert {f: user.document.mask(1, f) for f in range(FRAMES)} == before
    window.show_frame(5)
    assert f"{FRAMES} of {FRAMES} frames" in window.summary.text()
    assert window.curves.frame_label.text() == "Frame 5"
    record = window.comparison.prediction(0, 5).memory
    assert window.banks.topLevelItemCount() >= len(record.bank)
    wide = window.comparison.prediction(1, 5).mask
    window.use[1].click()
    user.wait_until_idle()
    assert user.document.mask(1, 5).mask == wide
    assert user.document.memory(1, 5) is not None
    user.do("Undo")
    assert {f: user.document.mask(1, f) for f in range(FRAMES)} == before


def test_a_comparison_of_an_object_that_was_deleted_is_not_used(user: WindowDriver) -> None:
    variants = MemoryVariant("a"), MemoryVariant("b", (("policy", "fifo"),))
    user.go(0)
    window = user.workspace.policies.start(1, range(FRAMES), variants)
    assert window is not None
    user.wait(window.use[0].isEnabled)
    user.do("Delete object")
    window.use[0].click()
    shown = " ".join(label.text() for label in user.window.status.findChildren(QLabel))
    assert "The object was deleted or locked since, so nothing is used." in shown
    assert not user.window.model_jobs.running


def test_closing_the_comparison_cancels_its_runs(qtbot: QtBot, tmp_path: Path) -> None:
    backend = FakeBackend()
    with open_window(qtbot, small_clip(tmp_path, 40), backend) as user:
        user.click_and_wait(20, 20)
        backend.wait_at = 2
        variants = MemoryVariant("a"), MemoryVariant("b", (("policy", "fifo"),))
        window = user.workspace.policies.start(1, range(40), variants)
        assert window is not None
        user.wait(lambda: len(window.comparison.results(0)) == 2)
        window.reject()
        user.wait_until_idle()
        assert len(window.comparison.results(0)) == 2
        assert user.mask_frames() == [0]
