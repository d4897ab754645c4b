"""The second part of a scenario: verify, track again, review, compare, undo, export, reopen."""

import json
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from tools.window_scenario.annotating import FIRST, QUESTION, SECOND
from tools.window_scenario.checks import check, wait_until
from tools.window_scenario.project import Project
from tools.window_scenario.run import SETTLED_S, SHORT_S, TIMEOUT_S, ScenarioRun
from tools.window_scenario.screen_text import find_text

COMPARISON = "^Memory policies on"
UNDO_STEPS = 60  # more than a scenario makes


def verify(run: ScenarioRun) -> str:
    """Verify a mask that was tracked."""
    frame = run.scenario.verified
    run.go_to(frame)
    run.press("1", "shift+v")
    run.expect(lambda p: _is_verified(p, frame), f"frame {frame} verified")
    return f"frame {frame}"


def track_again(run: ScenarioRun) -> str:
    """Correct another frame and track again: verified and hand-made masks stay to the pixel."""
    plan = run.scenario
    before = run.settled()
    run.go_to(plan.middle - 2)
    run.press("1", "q")
    run.click(plan.correction)
    run.expect(lambda p: p.points(FIRST, plan.middle - 2), "a corrective click")
    run.settled()
    run.press("ctrl+t")
    wait_until(lambda: run.is_busy, "tracking", SHORT_S)
    check(not run.screen.windows(QUESTION), "the question comes once")
    after = run.settled()
    kept = (plan.first, plan.verified, plan.middle)
    for frame in kept:
        one, other = before.row("masks", FIRST, frame), after.row("masks", FIRST, frame)
        check(one == other, f"the mask on frame {frame} is identical")
    changed = [
        frame
        for frame in before.mask_frames(FIRST)
        if before.row("masks", FIRST, frame) != after.row("masks", FIRST, frame)
    ]
    check(changed, "tracking again changed other masks")
    return f"frames {', '.join(map(str, kept))} are identical, {len(changed)} others are not"


def before_and_after(run: ScenarioRun) -> str:
    """Show the masks from before tracking, and those of now again."""
    run.go_to(run.scenario.middle + 1)
    run.screen.move(run.placement.on_screen(0, 0))
    time.sleep(SETTLED_S)
    now = run.canvas
    run.press("c")
    wait_until(lambda: (run.canvas != now).any(), "the earlier masks", SHORT_S)
    difference = (run.canvas != now).any(axis=2).sum()
    run.press("c")
    wait_until(lambda: (run.canvas == now).all(), "the masks of now", SHORT_S)
    return f"{difference} pixels of the screen differ"


def review(run: ScenarioRun) -> str:
    """Raise the threshold until frames are suggested; visit one with Enter, verify it with V."""
    before = run.project
    run.click_text("Review")
    run.find("Verify run")
    [(x, y), *_] = _threshold(run)
    run.screen.click((x - 24, y), times=8)  # pages the slider up
    run.press("1")
    run.press("Return")
    visited = run.expect(
        lambda p: p.view["frame"] != before.view["frame"] and p.view["frame"],
        "a suggestion displayed",
        SHORT_S,
    )
    frame = int(visited)
    check(not _is_verified(before, frame), "the suggestion was not verified")
    run.press("v")
    after = run.expect(lambda p: p if _is_verified(p, frame) else None, "it is verified", SHORT_S)
    run.expect(lambda p: p.view["frame"] != frame, "the next suggestion displayed", SHORT_S)
    changed = {key for key in after.rows if after.rows[key] != before.rows.get(key)}
    check(changed == {("masks", (FIRST, frame))}, "nothing else changed")
    return f"frame {frame} visited and verified, then frame {run.project.view['frame']:.0f}"


def compare_policies(run: ScenarioRun) -> str:
    """Run two memory policies side by side: the project stays, until one of the two is used."""
    before = run.settled()
    run.press("alt+m")
    run.click_text("Compare policies…")
    run.screen.focus("^Compare memory policies on")
    run.screen.keys("Return")
    run.screen.focus(COMPARISON, TIMEOUT_S)
    wait_until(lambda: _is_bright(run, "Use B"), "both runs complete", TIMEOUT_S)
    check(run.project.rows == before.rows, "comparing changes nothing")
    return "both runs are complete"


def use_a_policy(run: ScenarioRun) -> str:
    """Use the masks of B, as one step that undo takes back; then redo it."""
    before = run.project
    run.click_text("Use B")
    run.expect(lambda p: p.rows != before.rows, "the masks of B")
    after = run.settled()
    for frame in (run.scenario.first, run.scenario.verified, run.scenario.middle):
        one, other = before.row("masks", FIRST, frame), after.row("masks", FIRST, frame)
        check(one == other, f"the mask on frame {frame} is identical")
    run.press("ctrl+z")
    run.expect(lambda p: p.rows == before.rows, "the masks from before", SHORT_S)
    run.press("ctrl+shift+z")
    run.expect(lambda p: p.rows == after.rows, "the masks of B again", SHORT_S)
    return f"{_num_changed(before, after)} masks changed"


def undo_all(run: ScenarioRun) -> str:
    """Undo everything: an empty project."""
    run.before_undo = run.settled()
    run.press(*["ctrl+z"] * UNDO_STEPS)
    run.expect(lambda p: not p.rows, "an empty project")
    run.find("No objects yet.")
    return f"{len(run.before_undo.rows)} rows are gone"


def redo_all(run: ScenarioRun) -> str:
    """Redo everything: the project from before."""
    run.press(*["ctrl+shift+z"] * UNDO_STEPS)
    run.expect(lambda p: run.before_undo and p.rows == run.before_undo.rows, "the same rows")
    return f"{len(run.project.rows)} rows are back"


def export(run: ScenarioRun) -> str:
    """Export DAVIS images and a COCO file, and compare both with the project."""
    run.press("ctrl+e")
    run.screen.focus("^Export masks$")
    run.click_text("COCO instances with tracks")
    run.screen.keys("space")
    [(x, y), *_] = run.find("Folder:")
    run.screen.click((x + 140, y), times=3)
    run.screen.keys("ctrl+a")
    run.screen.type(str(run.exports))
    run.find("About", SHORT_S)  # how much it will be
    return "the dialog is filled in"


def export_files(run: ScenarioRun) -> str:
    """Write the files, and compare them with the project."""
    run.screen.keys("Return")
    run.screen.focus("^Export finished$", TIMEOUT_S)
    project, plan = run.project, run.scenario
    images = sorted(run.exports.rglob("Annotations/**/*.png"))
    check(len(images) == plan.num_frames, "a DAVIS image for each frame of the range")
    labels = np.stack([_labels(path) for path in images])
    for frame in range(plan.first, plan.last + 1):
        masks = {i: project.mask(i, frame) for i in project.objects}
        _check_labels(labels[frame - plan.first], masks, f"DAVIS frame {frame}")
    [coco] = run.exports.rglob("*.coco.json")
    areas = [each["area"] for each in json.loads(coco.read_text("utf-8"))["annotations"]]
    every = [project.mask(i, f) for i in project.objects for f in project.mask_frames(i)]
    own = [int(mask.sum()) for mask in every if mask is not None and mask.any()]
    check(sorted(areas) == sorted(own), "the areas in the COCO file")
    return f"{len(images)} DAVIS images and {len(areas)} COCO annotations"


def _check_labels(labels: np.ndarray, masks: Mapping[int, np.ndarray | None], what: str) -> None:
    """Check that each pixel is of one of the objects whose masks cover it, or background."""
    covered = {i: mask for i, mask in masks.items() if mask is not None}
    check(SECOND in covered, f"{what}: the second object")
    is_covered = np.any(list(covered.values()), axis=0)
    check(((labels != 0) == is_covered).all(), f"{what}: background")
    for object_id, mask in covered.items():
        check(mask[labels == object_id].all(), f"{what}: object {object_id}")


def kill(run: ScenarioRun) -> str:
    """Close the report, do one more thing, and kill the program."""
    run.screen.keys("Escape")
    plan = run.scenario
    run.go_to(plan.middle)
    run.press("2", "h")
    run.expect(lambda p: _visible(p, SECOND) == 0, "the second object hidden")
    run.expect(lambda p: p.view.get("active_object") == SECOND, "it is the active one")
    run.before_kill = run.project
    run.program.kill()
    return f"{len(run.before_kill.rows)} rows on disk"


def reopen(run: ScenarioRun) -> str:
    """Open the video again: project, frame and active object are those of before."""
    before = run.before_kill
    assert before is not None
    run.start()
    check(run.project.rows == before.rows, "the project is the one of before")
    check(run.shown == run.scenario.middle, "the frame is the one of before")
    run.press("h")
    run.expect(lambda p: _visible(p, SECOND) == 1, "the active object is the one of before")
    return f"{len(before.rows)} rows, frame {run.shown}"


def undo_after_reopening(run: ScenarioRun) -> str:
    """Undo what was done before the program was killed, and redo it."""
    killed, now = run.before_kill, run.project
    assert killed is not None
    run.press("ctrl+z")
    run.expect(lambda p: p.rows == killed.rows, "the project of before the kill", SHORT_S)
    run.press("ctrl+z")
    run.expect(lambda p: _visible(p, SECOND) == 1, "the step before the kill undone", SHORT_S)
    run.press(*["ctrl+z"] * UNDO_STEPS)
    run.expect(lambda p: not p.rows, "an empty project")
    run.press(*["ctrl+shift+z"] * UNDO_STEPS)
    run.expect(lambda p: p.rows == now.rows, "the project of now")
    return "all steps were undone and redone"


def _is_verified(project: Project, frame: int) -> bool:
    row = project.row("masks", FIRST, frame)
    return row is not None and bool(row["is_verified"])


def _visible(project: Project, object_id: int) -> int | None:
    row = project.row("objects", object_id)
    return None if row is None else row["is_visible"]


def _num_changed(before: Project, after: Project) -> int:
    keys = [key for key in after.rows if key[0] == "masks"]
    return sum(after.rows[key] != before.rows.get(key) for key in keys)


def _threshold(run: ScenarioRun) -> list[tuple[int, int]]:
    """Return where the threshold of the suggestions is printed, right of its slider."""
    pixels = run.screen.pixels()
    [(left, top), *_] = find_text(pixels, "Review", is_bold=True)
    values = [find_text(pixels, f"{number / 100:.2f}") for number in range(0, 101)]
    return [at for places in values for at in places if at[0] > left and 0 < at[1] - top < 60]


def _is_bright(run: ScenarioRun, text: str) -> bool:
    pixels = run.screen.pixels()
    return any(
        pixels[y - 5 : y + 5, x - 16 : x + 16].max() > 200 for x, y in find_text(pixels, text)
    )


def _labels(path: Path) -> np.ndarray:
    """Return the palette indices of an image."""
    from PIL import Image

    return np.asarray(Image.open(path))
