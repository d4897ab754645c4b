"""Warnings of the model library appear in the status bar."""

import logging
import threading

import pytest
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.ui.window.library_warnings import LibraryWarnings
from tests.helpers.window import open_window

pytestmark = pytest.mark.gui
SENTENCE = "cuda is out of memory: tracking continues on the CPU"


def warn() -> None:
    logging.getLogger("tinysam2.inference.video_tracker").warning(SENTENCE)


def test_a_warning_of_the_job_thread_is_shown(qtbot: QtBot) -> None:
    with open_window(qtbot) as user:
        warnings = LibraryWarnings()
        warnings.emitted.connect(user.window.status.show_message)
        warnings.install()
        thread = threading.Thread(target=warn)
        thread.start()
        thread.join()
        labels = user.window.status.findChildren(QLabel)
        user.wait(lambda: any(SENTENCE in f"{x.text()} {x.toolTip()}" for x in labels))
        warnings.remove()


def test_no_warning_is_emitted_after_removal(qtbot: QtBot) -> None:
    warnings, received = LibraryWarnings(), list[str]()
    warnings.emitted.connect(received.append)
    warnings.install()
    warn()
    warnings.remove()
    warn()
    assert received == [SENTENCE]
