"""Follow a recipe where the application's libraries are not installed.

Takes torch, NumPy, OpenCV, Pillow and safetensors; otherwise `tinysam2 train` does the same.
"""

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from tinysam2.training.engine.distributed import Ranks
from tinysam2.training.engine.run_control import progress_line, stop_on_interrupt
from tinysam2.training.recipe import follow, read_recipe

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Train; returns the exit status.

    Args:
        argv: arguments without the program's name; those of the process if None.
    """
    parser = argparse.ArgumentParser("tinysam2.training", description=__doc__)
    parser.add_argument("recipe", type=Path, help="a TOML file")
    for name in ("parts", "start", "teacher-checkpoint", "out", "device"):
        parser.add_argument(f"--{name}", metavar="VALUE", help="wins over the recipe's")
    parser.add_argument("--minutes", type=float, help="length of the whole run")
    arguments = parser.parse_args(argv)
    overrides = {name: value for name, value in vars(arguments).items() if value is not None}
    logging.basicConfig(format="%(message)s")
    logging.getLogger("tinysam2").setLevel(logging.INFO)
    ranks = Ranks.of_environment()
    try:
        recipe = read_recipe(overrides.pop("recipe"), overrides)
        with stop_on_interrupt(is_repeated=ranks.count > 1) as stop:
            for report in follow(recipe, stop.is_set):
                line = progress_line(recipe.minutes, recipe.steps, report)
                print(line, file=sys.stderr, flush=True)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    return INTERRUPTED if stop.is_set() else 0


if __name__ == "__main__":
    raise SystemExit(main())
