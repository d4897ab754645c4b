"""Make labels for training: of boxes, of everything in an image, or of clips by tracking."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.options import add_model_options, check_writable, model_settings
from app.cli.progress import Progress
from app.core.errors import AppError, UsageError

if TYPE_CHECKING:
    from tinysam2.training.labeling.config import LabelConfig
    from tinysam2.training.labeling.run import LabelStep

DONE = 0
METHODS = ("boxes", "everything", "tracking")
MODEL, SIZE = "tinysam", 576
FRACTIONS = {"min_iou": 0.85, "min_box_iou": 0.75, "min_shape_iou": 0.75, "min_agreement": 0.8}
"""Defaults of the options in [0, 1], those of training, which is not loaded for them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("data", type=Path, metavar="DATA", help="a folder with index.json")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for labels; resumes in it"
    )
    parser.add_argument(
        "--method",
        choices=METHODS,
        default=METHODS[0],
        help="boxes of the index, everything a grid of points finds in images, or tracking such "
        "objects through clips, forward and back (default: boxes)",
    )
    parser.add_argument("--datasets", metavar="NAMES", help="comma-separated: only these")
    parser.add_argument("--limit", type=int, metavar="N", help="only so many images and clips")
    parser.add_argument(
        "--points", type=int, default=8, metavar="N", help="grid of N x N points (default: 8)"
    )
    parser.add_argument("--tracker", type=Path, metavar="FILE", help="weights that track")
    _add_fractions(parser)
    parser.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes of one thread each; 0 for none besides this one (default: 1)",
    )
    add_model_options(parser)
    parser.set_defaults(model=MODEL, size=SIZE)


def _add_fractions(parser: argparse.ArgumentParser) -> None:
    helps = {
        "min_iou": "boxes: refuse masks of lower predicted IoU",
        "min_box_iou": "boxes: refuse masks whose enclosing box has a lower IoU with the given one",
        "min_shape_iou": "boxes of clips: IoU of an object's shape with that in the frame before",
        "min_agreement": "tracking: IoU from which on the masks of both directions agree",
    }
    for name, default in FRACTIONS.items():
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=float,
            default=default,
            metavar="X",
            help=f"{helps[name]} (default: {default})",
        )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    config = _config(arguments)
    check_writable(config.out)
    step = _label(config)
    print(
        f"{config.out}: {step.stills} stills and {step.clips} clips of {step.frames} frames; "
        f"{step.kept} masks kept, {step.refused} refused"
    )
    return DONE


def _config(arguments: argparse.Namespace) -> "LabelConfig":
    from tinysam2.training.labeling.config import LabelConfig, Method
    from tinysam2.training.labeling.label_maps import BoxCriteria

    if arguments.limit is not None and arguments.limit < 1:
        raise UsageError(f"--limit must be at least 1, got {arguments.limit}.")
    for name in FRACTIONS:
        if not 0 <= getattr(arguments, name) <= 1:
            option = f"--{name.replace('_', '-')}"
            raise UsageError(f"{option} must be from 0 to 1, got {getattr(arguments, name)}.")
    if arguments.tracker is not None and not arguments.tracker.is_file():
        raise UsageError(f"--tracker {arguments.tracker} is no file.")
    settings = model_settings(arguments)
    names = (arguments.datasets or "").split(",")
    try:
        return LabelConfig(
            data=arguments.data,
            out=arguments.out,
            method=Method(arguments.method),
            model=settings.name,
            checkpoint=settings.checkpoint,
            device=settings.device,
            image_size=settings.input_size,
            datasets=tuple(name.strip() for name in names if name.strip()),
            limit=arguments.limit,
            criteria=BoxCriteria(arguments.min_iou, arguments.min_box_iou, arguments.min_shape_iou),
            points_per_side=arguments.points,
            min_agreement=arguments.min_agreement,
            tracker_checkpoint=arguments.tracker,
            workers=arguments.workers,
        )
    except ValueError as error:
        raise UsageError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error


def _label(config: "LabelConfig") -> "LabelStep":
    from tinysam2.training.labeling.run import LabelStep, label_folder

    progress = Progress("labeling", "images and clips")
    step, first = LabelStep(), None
    try:
        for step in label_folder(config):
            first = step.done if first is None else first
            progress.update(step.done - first, step.total - first)
    except OSError as error:
        why = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise AppError(f"{config.data} cannot be labeled: {why}.") from error
    except (ValueError, RuntimeError) as error:
        raise AppError(f"{config.data} cannot be labeled: {error}") from error
    if first:
        print(f"{first} were labeled before", file=sys.stderr)
    return step
