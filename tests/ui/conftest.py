"""What tests of the window get: the English window, whatever language the system has."""

import pytest
from PySide6.QtWidgets import QApplication

from app.ui.translation.languages import ENGLISH, use_language


@pytest.fixture(autouse=True, scope="session")
def english(qapp: QApplication) -> None:
    use_language(qapp, ENGLISH)
