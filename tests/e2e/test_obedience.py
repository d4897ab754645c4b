"""The bundled model on real clips: corrective clicks on tracked frames are obeyed.

`TINYSAM2_TEST_CLICKS` sets how many clicks are made in all.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from app.core.document import FrameMask, Origin
from app.core.masks import RleMask
from app.core.queries import disobeyed_points
from app.session import Session
from app.tracking.backend import Direction
from tests.helpers.session_driver import SessionDriver

CLIPS = ("dog.mp4", "coffee.mp4", "biker.mp4", "hummingbird.mp4", "pingpong.mp4")
CLICKS = int(os.environ.get("TINYSAM2_TEST_CLICKS", "15"))
CLICKS_ON_A_FRAME = 4
TRACKED_FRAMES = 6

pytestmark = pytest.mark.slow


@pytest.fixture
def driver(
    request: pytest.FixtureRequest, shared_data: Path, tmp_path: Path
) -> Iterator[SessionDriver]:
    """A session with what is at the center of a clip tracked for a few frames."""
    session = Session.open(shared_data / "clips" / request.param, project_path=tmp_path / "a.tsam")
    driver = SessionDriver(session)
    height, width = session.size_hw
    object_id = driver.add_object("center")
    driver.add_point(object_id, 0, width / 2, height / 2)
    driver.segment(object_id, 0)
    driver.track(Direction.FORWARD, 0, last=TRACKED_FRAMES)
    yield driver
    session.close()


def contradicting_pixel(mask: RleMask, rng: np.random.Generator) -> tuple[float, float, bool]:
    """Draw a pixel of the object to remove, or one near it to add."""
    bitmap = mask.decode()
    is_positive = bool(rng.random() < 0.5) or not bitmap.any()
    if is_positive and bitmap.any():
        ys, xs = np.nonzero(bitmap)
        near = np.zeros_like(bitmap)
        reach = 10 + np.ptp(ys) // 2, 10 + np.ptp(xs) // 2
        near[max(0, ys.min() - reach[0]) : ys.max() + reach[0], :] = True
        near[:, : max(0, xs.min() - reach[1])] = False
        near[:, xs.max() + reach[1] :] = False
        candidates = near & ~bitmap
    else:
        candidates = bitmap if bitmap.any() else ~bitmap
    ys, xs = np.nonzero(candidates)
    index = rng.integers(len(xs))
    return float(xs[index]) + rng.random(), float(ys[index]) + rng.random(), is_positive


def mask_of(driver: SessionDriver, frame: int) -> FrameMask:
    row = driver.document.mask(1, frame)
    assert row is not None
    return row


@pytest.mark.parametrize("driver", CLIPS, indirect=True)
def test_corrective_clicks_on_tracked_frames_are_obeyed(driver: SessionDriver) -> None:
    rng = np.random.default_rng(7)
    for start in range(0, -(-CLICKS // len(CLIPS)), CLICKS_ON_A_FRAME):
        frame = 1 + start // CLICKS_ON_A_FRAME % TRACKED_FRAMES
        steps = len(driver.session.history)
        assert mask_of(driver, frame).origin is Origin.TRACKED
        for _ in range(min(CLICKS_ON_A_FRAME, -(-CLICKS // len(CLIPS)) - start)):
            x, y, is_positive = contradicting_pixel(mask_of(driver, frame).mask, rng)
            driver.add_point(1, frame, x, y, is_positive)
            driver.segment(1, frame)
            assert not disobeyed_points(driver.document, 1, frame)
        while len(driver.session.history) > steps:
            driver.session.history.undo()
