"""Videos that several test modules read."""

from pathlib import Path

import pytest

from tests.helpers.synthetic_video import write_numbered_clip


@pytest.fixture(scope="session")
def plain_video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One hundred frames, B-frames, a key frame every 24."""
    return write_numbered_clip(tmp_path_factory.mktemp("videos") / "plain.mp4", 100, keyint=24)
