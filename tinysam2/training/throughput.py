"""Measure how fast a recipe trains on its device: what makes clips alone, and whole steps."""

import argparse
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import torch

from tinysam2.training.engine.distributed import ALONE
from tinysam2.training.recipe import read_recipe
from tinysam2.training.tracking.batches import Batch, batch_source, make_clips, make_stills
from tinysam2.training.tracking.config import Phase, TrackingConfig
from tinysam2.training.tracking.stage import train_step
from tinysam2.training.tracking.state import TrackingState, start_or_resume

REFERENCE = Phase(1.0, 256, length=3)
"""Measured before the recipe's own phases, to compare recipes and machines."""


def measure(config: TrackingConfig, seconds: float) -> Iterator[str]:
    """Time the reference and each phase of a recipe, in one process; nothing is saved.

    Args:
        config: the recipe.
        seconds: that each of the two measurements of a phase takes, at least.

    Yields:
        A line to print for each phase.
    """
    source, state = batch_source(config, ALONE), start_or_resume(config, ALONE)
    count = config.synthetic + config.real
    for phase in (REFERENCE, *config.phases):
        batches = source(phase, 0)
        made = _per_second(partial(_make, config, phase, batches), config.device, seconds)
        learned = _per_second(
            partial(_learn, state, config, phase, batches), config.device, seconds
        )
        yield (
            f"{phase.size} px, {config.frames(phase)} frames, {count} clips and {config.stills} "
            f"stills a step: {count * made:.1f} clips/s made, {count * learned:.1f} clips/s learned"
        )


def _make(config: TrackingConfig, phase: Phase, batches: Iterator[Batch]) -> None:
    generator = torch.Generator(config.device).manual_seed(config.seed)
    layers, real, stills = next(batches)
    make_clips(layers, real, config.frames(phase), generator)
    if stills is not None:
        make_stills(stills, generator)


def _learn(
    state: TrackingState, config: TrackingConfig, phase: Phase, batches: Iterator[Batch]
) -> None:
    train_step(state, config, phase, next(batches), spent=0.5)


def _per_second(work: Callable[[], None], device: str, seconds: float) -> float:
    """Return how often something is done in a second; the first time does not count."""
    work()
    _wait_for(device)
    started, times = time.perf_counter(), 0
    while time.perf_counter() - started < seconds:
        work()
        times += 1
    _wait_for(device)
    return times / (time.perf_counter() - started)


def _wait_for(device: str) -> None:
    if torch.device(device).type != "cpu":
        torch.accelerator.synchronize(device)


def main(argv: Sequence[str] | None = None) -> None:
    """Print the measurements; the arguments are those of the process if None."""
    parser = argparse.ArgumentParser("tinysam2.training.throughput", description=__doc__)
    parser.add_argument("recipe", type=Path, help="a TOML file of the stage tracking")
    parser.add_argument("--data", help="training data, a folder with index.json")
    parser.add_argument("--device", help="auto, cpu, cuda, cuda:1, mps")
    parser.add_argument("--seconds", type=float, default=10.0, help="of each measurement, at least")
    arguments = parser.parse_args(argv)
    given = {"data": arguments.data, "device": arguments.device}
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        recipe = read_recipe(arguments.recipe, {k: v for k, v in given.items() if v is not None})
        if not isinstance(recipe, TrackingConfig):
            parser.error(f"{arguments.recipe} is not of the stage tracking")
        for line in measure(recipe, arguments.seconds):
            print(line, flush=True)
    except (ValueError, OSError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
