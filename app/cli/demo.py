"""Track the sample clip, write every kind of result, and open it in the window."""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from app.cli.display import has_display
from app.cli.export import export_all, show_reports
from app.cli.options import (
    add_model_options,
    backend_loader,
    check_writable,
    model_settings,
)
from app.cli.prompts_file import read_prompts
from app.cli.track import track_objects
from app.core.document import Document
from app.export.selection import Existing, ExportOptions
from app.session import Session
from app.tracking.backend import Direction

SAMPLE = Path(__file__).parents[2] / "resources" / "sample"
FORMATS = ["davis", "coco", "overlay", "memory"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--out", type=Path, default=Path("out/demo"), metavar="DIR", help="default: out/demo"
    )
    parser.add_argument("--no-window", action="store_true", help="do not open the window")
    add_model_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    out: Path = arguments.out
    check_writable(out)
    out.mkdir(parents=True, exist_ok=True)
    project = out / "sample.tsam"
    project.unlink(missing_ok=True)
    session = Session.open(
        SAMPLE / "sample.mp4", backend_loader(model_settings(arguments)), project
    )
    try:
        _track_and_write(session, out)
        _print_scores(session.document, SAMPLE / "masks")
    finally:
        session.close()
    print(f"project: {project}")
    if arguments.no_window or not has_display():
        return 0
    from app.ui.application import run as open_window

    return open_window(project, model_settings(arguments))


def _track_and_write(session: Session, out: Path) -> None:
    frames = range(session.num_frames)
    objects = read_prompts(SAMPLE / "prompts.json", session.num_frames, session.size_hw)
    done = track_objects(session, objects, Direction.FORWARD, frames)
    print(
        f"tracked {done.frames} frames in {done.seconds} s with {done.model} at "
        f"{done.input_size} px on {done.device}"
    )
    options = ExportOptions(existing=Existing.REPLACE)
    show_reports(export_all(session, FORMATS, out, frames, options), as_json=False)


def _print_scores(document: Document, truth_folder: Path) -> None:
    """Print J and F against the ground truth, without the first and last frame as in DAVIS."""
    from tinysam2.evaluation.metrics import boundary_accuracy, region_similarity

    for tracked in document.objects:
        region, boundary = [], []
        for file in sorted(truth_folder.glob("*.png"))[1:-1]:
            with Image.open(file) as image:
                truth = np.asarray(image) == tracked.object_id
            row = document.mask(tracked.object_id, int(file.stem))
            found = np.zeros_like(truth) if row is None else row.mask.decode()
            region.append(region_similarity(truth, found))
            boundary.append(boundary_accuracy(truth, found))
        print(f"{tracked.name}: J {100 * np.mean(region):.1f}, F {100 * np.mean(boundary):.1f}")
