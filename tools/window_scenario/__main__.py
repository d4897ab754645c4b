"""Play a scenario in the window, and save an image of every step.

Xvfb and xdotool must be installed.  A step that finds something else than it should ends it
with the exit status 1.
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2

from tools.window_scenario import annotating, queueing, reviewing
from tools.window_scenario.checks import ScenarioError
from tools.window_scenario.program import Program
from tools.window_scenario.run import ScenarioRun
from tools.window_scenario.scenario import SCENARIOS
from tools.window_scenario.screen import Screen, open_screen

STEPS: tuple[Callable[[ScenarioRun], str], ...] = (
    annotating.open_the_video,
    annotating.click,
    annotating.brush,
    annotating.click_again,
    annotating.second_object,
    annotating.track_and_scrub,
    annotating.cancel,
    annotating.correct,
    annotating.ask_about_hand_work,
    annotating.track_both_ways,
    reviewing.verify,
    reviewing.track_again,
    reviewing.before_and_after,
    reviewing.review,
    reviewing.compare_policies,
    reviewing.use_a_policy,
    reviewing.undo_all,
    reviewing.redo_all,
    reviewing.export,
    reviewing.export_files,
    reviewing.kill,
    reviewing.reopen,
    reviewing.undo_after_reopening,
    queueing.suggest,
    queueing.accept_a_suggestion,
    queueing.queue_jobs,
    queueing.cancel_a_job,
    queueing.change_preferences,
)


def play(run: ScenarioRun, folder: Path) -> None:
    """Do all steps, print what each found, and save an image after each."""
    for number, step in enumerate(STEPS, 1):
        start_s, name = time.monotonic(), step.__name__
        try:
            found = step(run)
        except BaseException:
            save(run.screen, folder / f"{number:02}-{name}-failed.png")
            raise
        save(run.screen, folder / f"{number:02}-{name}.png")
        print(f"{number:2} {name}: {found} ({time.monotonic() - start_s:.0f} s)", flush=True)


def save(screen: Screen, path: Path) -> None:
    """Write the screen to a PNG file."""
    cv2.imwrite(str(path), screen.pixels())


def main() -> int:
    """Play the scenario that the arguments name; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.window_scenario", description=__doc__)
    parser.add_argument("video", type=Path, help="a video that the scenario belongs to")
    parser.add_argument("--scenario", choices=SCENARIOS, help="by default the name of the video")
    parser.add_argument(
        "--out", type=Path, default=Path("out/window_scenario"), help="for the images"
    )
    parser.add_argument("--size", type=int, nargs=2, default=(1280, 800), metavar=("W", "H"))
    arguments = parser.parse_args()
    scenario = SCENARIOS[arguments.scenario or arguments.video.stem]
    arguments.out.mkdir(parents=True, exist_ok=True)
    size = (arguments.size[0], arguments.size[1])
    with tempfile.TemporaryDirectory() as folder, open_screen(size) as screen:
        home = Path(folder)
        program = Program(screen, home, arguments.video.resolve())
        run = ScenarioRun(screen, program, scenario, arguments.video, size, home / "exports")
        try:
            play(run, arguments.out)
        except ScenarioError as error:
            print(f"{error}\n{program.log.read_text('utf-8')}")
            return 1
        finally:
            program.kill()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
