import numpy as np
import pytest

from app.ui.timeline.scene import timecode
from app.ui.timeline.time_axis import MAX_PX_PER_FRAME, TimeAxis, thinned


def viewports() -> list[TimeAxis]:
    random = np.random.default_rng(1)
    return [
        TimeAxis(
            num_frames=int(random.integers(1, 3000)),
            width_px=int(random.integers(1, 500)),
            px_per_frame=float(10 ** random.uniform(-2, 2)),
            first=float(random.uniform(-10, 3000)),
        )
        for _ in range(60)
    ]


@pytest.mark.parametrize("viewport", viewports())
def test_columns_combine_exactly_the_frames_they_cover(viewport: TimeAxis) -> None:
    random = np.random.default_rng(viewport.num_frames)
    values = random.integers(0, 64, viewport.num_frames + 1).astype(np.uint8)
    scores = random.random(viewport.num_frames + 1).astype(np.float32)
    scores[random.random(len(scores)) < 0.5] = np.nan
    columns = viewport.columns()
    found = columns.reduce(np.bitwise_or, values)
    lowest = columns.reduce(np.fmin, scores)
    assert len(found) == viewport.width_px
    covered: set[int] = set()
    for column, (start, end) in enumerate(zip(columns.starts, columns.ends, strict=True)):
        assert 0 <= start < end <= viewport.num_frames
        assert found[column] == np.bitwise_or.reduce(values[start:end])
        expected = np.fmin.reduce(scores[start:end])
        assert lowest[column] == expected or (np.isnan(lowest[column]) and np.isnan(expected))
        covered.update(range(start, end))
    assert covered == set(range(min(covered), max(covered) + 1))


@pytest.mark.parametrize("viewport", viewports())
def test_the_frame_under_a_pixel_is_in_the_column_of_that_pixel(viewport: TimeAxis) -> None:
    columns = viewport.columns()
    for x in range(0, viewport.width_px, 7):
        frame = viewport.frame_at(x + 1e-6)
        assert columns.starts[x] <= frame < columns.ends[x]
        assert viewport.x_of(frame) <= x + 1


def test_the_whole_video_is_visible_at_first() -> None:
    viewport = TimeAxis(1000, 500)
    assert viewport.is_fitted
    assert (viewport.frame_at(0), viewport.frame_at(499.9)) == (0, 999)
    assert viewport.zoomed(0.1, 250) == viewport


def test_zoom_keeps_the_position_under_the_pointer() -> None:
    viewport = TimeAxis(100_000, 1000)
    for _ in range(12):
        frame_before = viewport.first + 400 / viewport.px_per_frame
        viewport = viewport.zoomed(1.7, 400)
        assert viewport.first + 400 / viewport.px_per_frame == pytest.approx(frame_before)
    for _ in range(30):
        viewport = viewport.zoomed(1.7, 400)
    assert viewport.px_per_frame == MAX_PX_PER_FRAME


def test_the_axis_stays_inside_the_video() -> None:
    viewport = TimeAxis(1000, 500, px_per_frame=5.0)
    assert viewport.panned(-99).first == 0
    assert viewport.panned(1e9).frame_at(499) == 999


def test_the_axis_scrolls_only_for_a_frame_out_of_view() -> None:
    viewport = TimeAxis(1000, 500, px_per_frame=5.0, first=200)
    assert viewport.showing(250) is viewport
    for frame in (0, 199, 300, 640, 999):
        shown = viewport.showing(frame)
        assert 0 <= shown.x_of(frame) <= shown.width_px - shown.px_per_frame


def test_a_resized_axis_still_fits_the_video_or_keeps_its_scale() -> None:
    assert TimeAxis(1000, 500).resized(800).is_fitted
    assert TimeAxis(1000, 500, px_per_frame=5.0).resized(800).px_per_frame == 5.0


@pytest.mark.parametrize("viewport", viewports())
def test_ticks_are_round_and_never_closer_than_the_minimum(viewport: TimeAxis) -> None:
    ticks = viewport.ticks(90)
    assert str(ticks.step).strip("0") in ("1", "2", "5")
    assert ticks.step * viewport.px_per_frame >= 90
    assert all(frame % ticks.step == 0 for frame in ticks)


def test_thinned_marks_prefer_the_greatest() -> None:
    marks = np.zeros(25, np.uint8)
    marks[[3, 4, 8, 21]] = [1, 5, 1, 2]
    assert thinned(marks, 10) == [4, 21]
    assert len(thinned(np.ones(1000, np.uint8), 10)) == 100


def test_times_are_formatted_as_on_a_player() -> None:
    assert timecode(0) == "0:00.00"
    assert timecode(59.996) == "1:00.00"
    assert timecode(3723.4) == "1:02:03.40"
