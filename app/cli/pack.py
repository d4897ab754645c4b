"""Pack a recipe's images and weights into files of limited size, for training elsewhere."""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.options import check_writable
from app.core.errors import AppError, UsageError

if TYPE_CHECKING:
    from tinysam2.training.distillation.sam.config import SamDistillationConfig

DONE = 0
MEGABYTE = 1_000_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a recipe of the stage sam")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for the files"
    )
    parser.add_argument(
        "--start", metavar="FILE", help="weights to start from instead of the recipe's"
    )
    parser.add_argument(
        "--part-mb",
        type=float,
        default=20.0,
        metavar="N",
        help="size limit of a file (default: 20)",
    )
    parser.add_argument(
        "--limit-mb", type=float, metavar="N", help="size limit of all images together"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from tinysam2.training.distillation.sam.config import SamDistillationConfig
    from tinysam2.training.recipe import RecipeError, read_recipe

    limits = {"part-mb": arguments.part_mb, "limit-mb": arguments.limit_mb}
    for name, value in limits.items():
        if value is not None and value <= 0:
            raise UsageError(f"--{name} must be greater than 0, got {value}.")
    start = {} if arguments.start is None else {"start": arguments.start}
    try:
        recipe = read_recipe(arguments.config, {"device": "cpu", **start})
    except RecipeError as error:
        raise UsageError(f"{error}.") from error
    if not isinstance(recipe, SamDistillationConfig) or recipe.data is None:
        raise UsageError(f"{arguments.config} must be a recipe of the stage sam with data.")
    check_writable(arguments.out)
    _pack(recipe, arguments)
    return DONE


def _pack(recipe: "SamDistillationConfig", arguments: argparse.Namespace) -> None:
    from tinysam2.checkpoints.sharding import split_file
    from tinysam2.training.distillation.sam.packing import pack
    from tinysam2.training.distillation.sam.parts import PartWriter

    assert recipe.data is not None
    out, part_bytes = arguments.out, int(arguments.part_mb * MEGABYTE)
    limit = arguments.limit_mb
    images = reported = 0
    try:
        limit_bytes = None if limit is None else int(limit * MEGABYTE)
        writer = PartWriter(out, part_bytes, limit_bytes)
        for file, name in ((recipe.start, "start"), (recipe.teacher_checkpoint, "teacher")):
            split_file(file, out, name, part_bytes)
        for images in pack(recipe.data, writer):
            if len(writer.paths) > reported:
                reported = len(writer.paths)
                print(f"{writer.paths[-1]}: {images} images so far", file=sys.stderr, flush=True)
    except (ValueError, OSError) as error:
        raise AppError(f"{arguments.config} cannot be packed: {error}") from error
    print(f"{out}: {images} images in {len(writer.paths)} parts")
