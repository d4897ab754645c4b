"""Train or distill a model from a recipe; a stopped run resumes where it was."""

import argparse
import logging
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.options import check_writable
from app.core.errors import AppError, UsageError

if TYPE_CHECKING:
    from tinysam2.training.recipe import Recipe

DONE, INTERRUPTED = 0, 130
OVERRIDES = (
    "data", "parts", "start", "out", "teacher", "teacher_checkpoint", "device", "minutes", "steps",
)  # fmt: skip


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("config", type=Path, metavar="CONFIG", help="the recipe, a TOML file")
    parser.add_argument("--out", metavar="DIR", help="folder for results and checkpoints")
    parser.add_argument("--data", metavar="DIR", help="training data, a folder with index.json")
    parser.add_argument(
        "--parts", metavar="DIR", help="training data that `pack` wrote, for the stage sam"
    )
    parser.add_argument("--start", metavar="FILE", help="weights to start from, not for features")
    parser.add_argument(
        "--teacher", metavar="T", help="teacher: a known model; for features also a file"
    )
    parser.add_argument(
        "--teacher-checkpoint", metavar="FILE", help="weights of the teacher, if not stored"
    )
    parser.add_argument("--device", help="auto, cpu, cuda, cuda:1, mps")
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--minutes", type=float, metavar="M", help="length of the whole run")
    length.add_argument("--steps", type=int, metavar="N", help="the same, in steps")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from tinysam2.training.recipe import RecipeError, read_recipe

    try:
        recipe = read_recipe(arguments.config, _overrides(arguments))
    except RecipeError as error:
        raise UsageError(f"{error}.") from error
    check_writable(recipe.out)
    return _follow(recipe, arguments)


def _overrides(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the values of the command line that override those of the recipe."""
    values = {name: getattr(arguments, name) for name in OVERRIDES}
    for name in ("minutes", "steps"):
        if values[name] is not None and values[name] <= 0:
            raise UsageError(f"--{name} must be greater than 0, got {values[name]}.")
    if values["minutes"] is not None:
        values["steps"] = "none"  # otherwise the steps of the recipe would limit the run
    return {name: value for name, value in values.items() if value is not None}


def _follow(recipe: "Recipe", arguments: argparse.Namespace) -> int:
    from tinysam2.training.engine.distributed import Ranks
    from tinysam2.training.engine.run_control import progress_line, stop_on_interrupt
    from tinysam2.training.recipe import follow, is_started

    ranks = Ranks.of_environment()
    if ranks.is_first:
        logging.basicConfig(format="%(message)s")
        logging.getLogger("tinysam2").setLevel(logging.INFO)
        if is_started(recipe):
            print(f"continuing the run in {recipe.out}", file=sys.stderr)
    try:
        with stop_on_interrupt(is_repeated=ranks.count > 1) as stop:
            for report in follow(recipe, stop.is_set):
                print(
                    progress_line(recipe.minutes, recipe.steps, report), file=sys.stderr, flush=True
                )
    except (ValueError, RuntimeError, OSError) as error:
        # The last line of a worker's traceback is the reason.
        reason = str(error).strip().splitlines()[-1]
        raise AppError(f"{arguments.config} cannot be followed: {reason}") from error
    if ranks.is_first:
        _print_end(recipe, _command(arguments, ranks.count) if stop.is_set() else None)
    return INTERRUPTED if stop.is_set() else DONE


def _print_end(recipe: "Recipe", to_continue: str | None) -> None:
    if to_continue is None:
        print(recipe.out)
    else:
        print(f"stopped and saved; to continue: {to_continue}", file=sys.stderr)


def _command(arguments: argparse.Namespace, processes: int) -> str:
    """Return the command line of these arguments."""
    if processes > 1:
        return f"the same torchrun command, with {processes} processes"
    parts = ["tinysam2", "train", str(arguments.config)]
    for name in OVERRIDES:
        value = getattr(arguments, name)
        parts += [] if value is None else [f"--{name.replace('_', '-')}", str(value)]
    return shlex.join(parts)
