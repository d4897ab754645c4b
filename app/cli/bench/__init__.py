"""Measure how fast the tracker, or the window, is on this machine."""

import argparse
from pathlib import Path

from app.cli.bench import comparison, long_video, settings, tracking, window
from app.cli.demo import SAMPLE
from app.cli.options import add_json_option
from app.core.errors import SourceError, UsageError

DEFAULT_FRAMES = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "video",
        nargs="?",
        type=Path,
        default=SAMPLE / "sample.mp4",
        metavar="VIDEO",
        help="a video or a frame folder (default: the sample clip)",
    )
    _add_subject(parser.add_mutually_exclusive_group())
    parser.add_argument(
        "--frames",
        type=int,
        default=DEFAULT_FRAMES,
        metavar="N",
        help=f"frames to track (default: {DEFAULT_FRAMES}); of --compare, in each turn",
    )
    parser.add_argument(
        "--turns",
        type=int,
        metavar="N",
        help=f"turns of each setting of --compare (default: {comparison.DEFAULT_TURNS})",
    )
    settings.add_tracking_options(parser)
    add_json_option(parser)


def _add_subject(what: argparse._MutuallyExclusiveGroup) -> None:
    what.add_argument(
        "--gui",
        action="store_true",
        help="open, seek, click, track and repaint in the real window, which is not shown where "
        "there is no screen",
    )
    what.add_argument(  # what --gui starts, to measure how long it takes
        "--show-window-once", action="store_true", help=argparse.SUPPRESS
    )
    what.add_argument(
        "--compare",
        nargs=2,
        metavar=("A", "B"),
        help="two settings as texts of options, which take turns on the same frames: --compare "
        '"--size 576" "--size 1024"',
    )
    what.add_argument(
        "--long",
        type=int,
        metavar="N",
        help="make a video of N frames of 1920 x 1080, track it and watch the memory of the "
        "process; VIDEO is not used",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if arguments.show_window_once:
        return window.show_once()
    if arguments.frames < 2:
        raise UsageError(f"--frames must be at least 2, got {arguments.frames}.")
    if arguments.turns is None:
        arguments.turns = comparison.DEFAULT_TURNS
    elif not arguments.compare:
        raise UsageError("--turns is for --compare.", "Leave it out, or compare two settings.")
    if arguments.turns < 1:
        raise UsageError(f"--turns must be at least 1, got {arguments.turns}.")
    if arguments.long is not None:
        return long_video.run(arguments)
    if not arguments.video.exists():
        raise SourceError(f"{arguments.video} does not exist.")
    if arguments.gui:
        return window.run(arguments)
    return comparison.run(arguments) if arguments.compare else tracking.run(arguments)
