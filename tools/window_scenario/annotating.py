"""The first part of a scenario: open, prompt, paint, track, cancel, correct."""

import time

import numpy as np

from tools.window_scenario.checks import check, wait_until
from tools.window_scenario.project import Project
from tools.window_scenario.run import SETTLED_S, SHORT_S, ScenarioRun

FIRST, SECOND = 1, 2  # ids of the objects
KEPT = 0.8  # least part of a tracked mask that a click outside it leaves
QUESTION = "^Track$"  # title of the question about masks made by hand


def open_the_video(run: ScenarioRun) -> str:
    """Start the program with a video; go to the first frame of the range and set in and out."""
    run.start()
    check(run.sees("No objects yet."), "the panel says that there are no objects")
    run.go_to(run.scenario.last)
    run.press("o")
    run.go_to(run.scenario.first)
    run.press("i")
    run.expect(lambda p: p.row("properties", "range"), "an in and an out frame")
    place = run.placement
    return f"the canvas is at {place.x:.0f}, {place.y:.0f} with {place.scale:.0%}"


def click(run: ScenarioRun) -> str:
    """Click an object: a mask appears that contains the click."""
    plan = run.scenario
    run.press("q")
    run.click(plan.click)
    mask = run.expect(lambda p: _mask(p, FIRST, plan.first), "a mask of the first object")
    check(mask[_pixel(plan.click)], "the mask contains the click")
    return f"{mask.sum()} pixels"


def brush(run: ScenarioRun) -> str:
    """Paint: the stroke joins the mask, on disk and on the screen."""
    plan = run.scenario
    before = run.settled().mask(FIRST, plan.first)
    unpainted = run.canvas
    start, end = (run.placement.on_screen(*point) for point in plan.stroke)
    run.press("b")
    with run.screen.pressed(start) as drag:
        drag(end)
    painted = run.expect(lambda p: p.painted(FIRST, plan.first), "a stroke")
    after = run.project.mask(FIRST, plan.first)
    assert before is not None
    assert after is not None
    check(painted[_pixel(plan.stroke[0])], "the stroke begins where the pointer was pressed")
    check((after == (before | painted)).all(), "the mask is the one before and the stroke")
    run.press("q")
    run.screen.move(run.placement.on_screen(0, 0))
    row, column = (round(i * run.placement.scale) for i in _pixel(plan.stroke[1]))
    wait_until(
        lambda: (run.canvas[row, column] != unpainted[row, column]).any(),
        "the stroke on the screen",
        SHORT_S,
    )
    return f"{painted.sum()} painted pixels, {(painted & ~before).sum()} of them new"


def click_again(run: ScenarioRun) -> str:
    """Click the object again: its mask is refined, and the stroke stays."""
    plan = run.scenario
    before = run.project
    run.press("q")
    run.click(plan.refinement)
    run.expect(lambda p: len(p.points(FIRST, plan.first)) == 2, "a second point")
    after = run.settled()
    stroke, mask = before.painted(FIRST, plan.first), after.mask(FIRST, plan.first)
    assert stroke is not None
    assert mask is not None
    check(mask[stroke].all(), "every painted pixel is still in the mask")
    for x, y, _ in after.points(FIRST, plan.first):  # as stored: a screen pixel covers several
        check(mask[_pixel((x, y))], f"the mask contains the click at {x:.0f}, {y:.0f}")
    return f"{mask.sum()} pixels"


def second_object(run: ScenarioRun) -> str:
    """Add another object with a click; the first one stays as it is."""
    plan = run.scenario
    before = run.project.row("masks", FIRST, plan.first)
    run.press("n")
    run.click(plan.second)
    mask = run.expect(lambda p: _mask(p, SECOND, plan.first), "a mask of the second object")
    check(mask[_pixel(plan.second)], "the mask contains the click")
    check(run.project.row("masks", FIRST, plan.first) == before, "the first object is unchanged")
    return f"{mask.sum()} pixels"


def track_and_scrub(run: ScenarioRun) -> str:
    """Track all objects and drag the playhead meanwhile: tracking continues, the display stays."""
    plan = run.scenario
    run.settled()
    run.press("ctrl+shift+t", "t")
    run.expect(lambda p: len(p.mask_frames(FIRST)) > 1, "a tracked frame")
    x, y = run.playhead
    with run.screen.pressed((x, y + 4)) as drag:
        drag((x - 90, y + 4))
        drag((x - 60, y + 4))
    shown = run.expect(
        lambda p: p.view["frame"] < plan.first and p.view["frame"], "an earlier frame displayed"
    )
    count = len(run.project.mask_frames(FIRST))
    check(count < plan.num_frames, "tracking has not ended yet")
    run.expect(lambda p: len(p.mask_frames(FIRST)) > count, "more frames while scrubbing")
    check(run.project.view["frame"] == shown, "the displayed frame stays")
    return f"frame {shown:.0f} displayed, {count} frames tracked so far"


def cancel(run: ScenarioRun) -> str:
    """Stop tracking with Esc after the middle: what is tracked is kept, and nothing more comes."""
    plan = run.scenario
    run.expect(lambda p: _mask(p, FIRST, plan.middle), f"a mask on frame {plan.middle}")
    run.press("Escape")
    wait_until(lambda: not run.is_busy, "the end of tracking", SHORT_S)
    frames = run.project.mask_frames(FIRST)
    time.sleep(SETTLED_S)
    check(run.project.mask_frames(FIRST) == frames, "no frame comes after canceling")
    check(1 < len(frames) < plan.num_frames, "some frames are tracked, not all")
    check(frames == list(range(plan.first, frames[-1] + 1)), "the tracked frames are kept")
    return f"frames {frames[0]} to {frames[-1]} are tracked"


def correct(run: ScenarioRun) -> str:
    """Click and paint the first object on the middle frame: its tracked mask is refined."""
    plan = run.scenario
    tracked = _mask(run.project, FIRST, plan.middle)
    assert tracked is not None
    run.go_to(plan.middle)
    run.press("1", "q")
    run.click(plan.correction)
    run.expect(lambda p: p.points(FIRST, plan.middle), "a corrective click")
    run.settled()
    start, end = (run.placement.on_screen(*point) for point in plan.stroke)
    run.press("b")
    with run.screen.pressed(start) as drag:
        drag(end)
    run.press("q")
    painted = run.expect(lambda p: p.painted(FIRST, plan.middle), "a stroke on the middle frame")
    mask = run.settled().mask(FIRST, plan.middle)
    assert mask is not None
    kept = (mask & tracked).sum() / tracked.sum()
    check(kept > KEPT, f"the tracked mask of {tracked.sum()} pixels stays ({kept:.0%} do)")
    check(mask[painted].all(), "the stroke is in the mask")
    check(mask[_pixel(plan.correction)], "the mask contains the corrective click")
    return f"{mask.sum()} pixels on frame {plan.middle}"


def ask_about_hand_work(run: ScenarioRun) -> str:
    """Track from the middle frame both ways: the first time the program asks what to keep."""
    run.press("ctrl+t")
    run.screen.focus(QUESTION, SHORT_S)
    run.find("Keep them")
    run.find("Replace them")
    return "a question"


def track_both_ways(run: ScenarioRun) -> str:
    """Keep what was made by hand, which is the default."""
    plan = run.scenario
    before = run.project
    run.screen.keys("Return")
    frames = list(range(plan.first, plan.last + 1))
    run.expect(lambda p: p.mask_frames(FIRST) == frames, "masks on all frames of the range")
    after = run.settled()
    check(after.mask_frames(SECOND) == frames, "masks of the second object on all frames")
    for frame in (plan.first, plan.middle):
        check(_same(before, after, FIRST, frame), f"the mask made by hand on frame {frame} is kept")
    return f"2 objects on {len(frames)} frames"


def _same(before: Project, after: Project, object_id: int, frame: int) -> bool:
    one, other = before.mask(object_id, frame), after.mask(object_id, frame)
    return one is not None and other is not None and bool((one == other).all())


def _mask(project: Project, object_id: int, frame: int) -> np.ndarray | None:
    """Return a mask, unless it is missing or empty."""
    mask = project.mask(object_id, frame)
    return mask if mask is not None and mask.any() else None


def _pixel(at: tuple[float, float]) -> tuple[int, int]:
    """Return row and column of a point."""
    return int(at[1]), int(at[0])
