"""The third part of a scenario: suggested objects, two jobs in the queue, preferences."""

import time

from tools.window_scenario.annotating import FIRST
from tools.window_scenario.checks import check, wait_until
from tools.window_scenario.run import SETTLED_S, SHORT_S, TIMEOUT_S, ScenarioRun
from tools.window_scenario.screen import Point

SUGGESTED = 3  # id of the object that a suggestion becomes
HINT = "suggested objects. Click: accept one"
BUTTON_PX = 28  # of a row of the Jobs panel: earlier, later, stop, from left to right
STOP_PX = 26  # from the right edge of the panel to the middle of the last button
JOBS_TOP_PX = 90


def suggest(run: ScenarioRun) -> str:
    """Search a frame without masks for objects: they are drawn, and the project stays."""
    before = run.settled()
    run.go_to(run.scenario.suggested)
    run.press("shift+n")
    run.find(HINT, TIMEOUT_S)
    check(run.project.rows == before.rows, "a suggestion changes nothing")
    return f"suggestions on frame {run.scenario.suggested}"


def accept_a_suggestion(run: ScenarioRun) -> str:
    """Click one of them: it becomes an object with a mask, in one step of undo."""
    plan, before = run.scenario, run.project
    run.click(plan.suggestion)
    mask = run.expect(lambda p: p.mask(SUGGESTED, plan.suggested), "a mask of the third object")
    column, row = map(int, plan.suggestion)
    check(mask[row, column], "the mask contains the click")
    wait_until(lambda: not run.sees(HINT), "no suggestion any more", SHORT_S)
    run.press("ctrl+z")
    run.expect(lambda p: p.rows == before.rows, "the project from before", SHORT_S)
    return f"{mask.sum()} pixels, and undone"


def queue_jobs(run: ScenarioRun) -> str:
    """Queue two tracking jobs behind a running one, and let the last one run earlier."""
    run.go_to(run.scenario.middle)
    run.press("ctrl+shift+x")  # without the range, the first job runs long enough
    run.press("1", "t", "shift+t", "ctrl+t")
    run.screen.click(_in_panel(run, "Jobs")[-1])
    run.find("waiting for 2 jobs")
    _, backward = _row(run, "backward")
    _, both = _row(run, "both ways")
    check(backward < both, "the jobs wait in the order in which they were queued")
    run.screen.click((_stop(run) - 2 * BUTTON_PX, both))
    wait_until(
        lambda: _row(run, "both ways")[1] < _row(run, "backward")[1], "the other order", SHORT_S
    )
    return "the third job is the second one now"


def cancel_a_job(run: ScenarioRun) -> str:
    """Stop the job that waits last, and then the others: only what was tracked has changed."""
    run.screen.click((_stop(run), _row(run, "backward")[1]))
    run.find("stopped")
    check(run.sees("waiting for 1 job"), "the other one waits still")
    plan = run.scenario
    tracked = f"masks after frame {plan.last}"
    run.expect(lambda p: p.mask_frames(FIRST)[-1] > plan.last, tracked, TIMEOUT_S)
    run.press("Escape")
    wait_until(lambda: not run.is_busy, "the end of all jobs", TIMEOUT_S)
    frames = run.settled().mask_frames(FIRST)
    check(frames[0] == plan.first, "no frame was tracked backward")
    check(frames[-1] > plan.last, "what the first job tracked is kept")
    run.press("ctrl+z", "ctrl+z")  # the job, and the range
    expected = list(range(plan.first, plan.last + 1))
    run.expect(lambda p: p.mask_frames(FIRST) == expected, "the masks from before", SHORT_S)
    return f"frames up to {frames[-1]} were tracked, and undone"


def change_preferences(run: ScenarioRun) -> str:
    """Hatch the masks in the preferences, which changes the canvas at once, and back."""
    run.screen.move(run.placement.on_screen(0, 0))
    time.sleep(SETTLED_S)
    plain = run.canvas
    run.press("ctrl+p")
    run.screen.focus("^Preferences$", SHORT_S)
    run.click_text("Hatch masks")
    run.screen.keys("Escape")
    wait_until(lambda: not run.screen.windows("^Preferences$"), "the dialog closed", SHORT_S)
    wait_until(lambda: (run.canvas != plain).any(), "hatched masks", SHORT_S)
    difference = (run.canvas != plain).any(axis=2).sum()
    return f"{difference} pixels of the screen differ"


def _row(run: ScenarioRun, text: str) -> Point:
    """Return where the Jobs panel names a job."""
    return _in_panel(run, text)[0]


def _in_panel(run: ScenarioRun, text: str) -> list[Point]:
    """Return where a text is in the panels on the right; toolbar and status bar have like ones."""
    left = run.size[0] * 3 // 4
    places = [at for at in run.find(text) if at[1] > JOBS_TOP_PX and at[0] > left]
    check(places, f"the text {text!r} on the right")
    return places


def _stop(run: ScenarioRun) -> int:
    """Return the column of the buttons that stop jobs."""
    return run.size[0] - STOP_PX
