"""Find all objects of an image or a frame without prompts and write their masks."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.options import (
    add_model_options,
    check_file_writable,
    model_settings,
    write_json,
)
from app.cli.progress import Progress
from app.core.errors import UsageError
from app.core.masks import RleMask
from app.core.settings import ModelSettings
from app.export.coco import category_list, image_entry
from app.export.naming import counted
from app.export.rle import box_xywh, compressed_rle
from app.media.frames import FrameSource
from app.media.sequence import ImageSequence
from app.media.source import open_source
from app.storage.opening import PROJECT_SUFFIX

if TYPE_CHECKING:
    from tinysam2.inference.propose import Proposal

CATEGORIES = {"object": 1}  # what the objects are is not known
MIN_RELATIVE_IOU, MIN_STABILITY = 0.78, 0.86  # those of the model, which is not loaded for them


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("path", type=Path, help="an image, a video or a folder of frames")
    parser.add_argument(
        "--frame", type=int, default=0, metavar="N", help="its frame, from 0 (default: 0)"
    )
    parser.add_argument(
        "--out", type=Path, metavar="FILE", help="COCO file to write (default: print it)"
    )
    parser.add_argument(
        "--points",
        type=int,
        default=32,
        metavar="N",
        help="prompt a grid of N x N points (default: 32)",
    )
    _add_filters(parser)
    parser.add_argument(
        "--dense",
        action="store_true",
        help="prompt all points, also in areas where a quarter of them found objects; slower",
    )
    add_model_options(parser)


def _add_filters(parser: argparse.ArgumentParser) -> None:
    """Describe the arguments that say which masks are left out."""
    parser.add_argument(
        "--min-iou",
        type=float,
        default=MIN_RELATIVE_IOU,
        metavar="X",
        help="drop masks whose predicted IoU is below this fraction of the best mask's "
        f"(default: {MIN_RELATIVE_IOU})",
    )
    parser.add_argument(
        "--min-stability",
        type=float,
        default=MIN_STABILITY,
        metavar="X",
        help=f"drop masks that change more when their threshold moves (default: {MIN_STABILITY})",
    )
    parser.add_argument(
        "--background",
        action="store_true",
        help="keep masks that lie along the border or in several parts, as walls and floors do",
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    _check_options(arguments)
    settings = model_settings(arguments)
    if arguments.out:
        check_file_writable(arguments.out)
    with open_source(arguments.path) as source:
        if not 0 <= arguments.frame < len(source):
            raise UsageError(
                f"--frame {arguments.frame} is not in {source.name}, which has the frames 0 to "
                f"{len(source) - 1}."
            )
        found = _propose(source, arguments, settings)
        document = _coco(source, arguments.frame, found)
    if arguments.out is None:
        print(json.dumps(document))
    else:
        write_json(arguments.out, document)
        print(f"{counted(len(found), 'object')}: {arguments.out}")
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    if arguments.path.suffix.lower() == PROJECT_SUFFIX:
        raise UsageError(f"{arguments.path} is a project.", "Name its video instead.")
    if arguments.points < 1:
        raise UsageError(f"--points must be at least 1, got {arguments.points}.")
    for name in ("min_iou", "min_stability"):
        value = getattr(arguments, name)
        if not 0 <= value <= 1:
            raise UsageError(f"--{name.replace('_', '-')} must be from 0 to 1, got {value}.")


def _propose(
    source: FrameSource, arguments: argparse.Namespace, settings: ModelSettings
) -> "tuple[Proposal, ...]":
    from app.tracking.tinysam2_backend import load_image_network, model_errors
    from tinysam2.inference.frame_predictor import FramePredictor
    from tinysam2.inference.propose import ProposalConfig, propose_objects

    model = load_image_network(settings)
    print(f"model: {settings.name} on {model.device}", file=sys.stderr)
    config = ProposalConfig(
        points_per_side=arguments.points,
        is_hierarchical=not arguments.dense,
        min_relative_iou=arguments.min_iou,
        min_stability=arguments.min_stability,
        keeps_background=arguments.background,
    )
    frame, progress = arguments.frame, Progress("proposing", "points")
    found: tuple[Proposal, ...] = ()
    with model_errors():
        predictor = FramePredictor(model, settings.input_size)
        for step in propose_objects(predictor, frame, source[frame], config):
            progress.update(step.points_done, step.points_total)
            found = step.proposals or ()
    if not found:
        print("No mask is good enough: lower --min-iou or --min-stability.", file=sys.stderr)
    return found


def _coco(source: FrameSource, frame: int, found: "tuple[Proposal, ...]") -> dict[str, Any]:
    image = image_entry(source, frame)
    if isinstance(source, ImageSequence):
        image["file_name"] = source.files[frame].name
    return {
        "info": {"description": source.name},
        "images": [image],
        "categories": category_list(CATEGORIES),
        "annotations": [
            {"id": number, "image_id": image["id"], **_annotation(proposal)}
            for number, proposal in enumerate(found, 1)  # pycocotools does not match an id of 0
        ],
    }


def _annotation(proposal: "Proposal") -> dict[str, Any]:
    mask = RleMask.encode(proposal.mask)
    return {
        "category_id": CATEGORIES["object"],
        "segmentation": compressed_rle(mask),
        "area": mask.area,
        "bbox": box_xywh(mask),
        "iscrowd": 0,
        "predicted_iou": proposal.predicted_iou,
        "stability_score": proposal.stability,
        "point_coords": [list(proposal.point_xy)],
    }
