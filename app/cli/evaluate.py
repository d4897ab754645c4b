"""Score the tracker on a data set in DAVIS layout: J, F and J&F per sequence and over all."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.options import (
    add_json_option,
    add_model_options,
    check_file_writable,
    model_settings,
)
from app.cli.progress import Progress
from app.core.errors import AppError, UsageError
from app.core.settings import ModelSettings

if TYPE_CHECKING:
    from tinysam2.build import Model
    from tinysam2.config import MemoryConfig
    from tinysam2.evaluation.runner import SequenceResult

COLUMNS = ("J&F", "J_mean", "F_mean")
# Names of the model, which is not loaded just to read the options.
PROTOCOLS = ("mask", "box", "1-click", "3-click", "5-click")
POLICIES = ("quality", "fifo", "samurai", "dam4sam")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("root", type=Path, help="the data set's folder")
    parser.add_argument("--split", default="val", help="part of it (default: val)")
    parser.add_argument("--frames", type=int, metavar="N", help="only N frames of each sequence")
    parser.add_argument("--sequences", type=int, metavar="N", help="only the first N sequences")
    parser.add_argument(
        "--memory-policy", choices=POLICIES, help="how frames enter memory (default: the model's)"
    )
    parser.add_argument(
        "--ablate",
        action="store_true",
        help="score each policy, pooling and token budget of the memory against full memory",
    )
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="mask",
        help="what the tracker is told on the first frame (default: mask)",
    )
    parser.add_argument(
        "--csv", type=Path, metavar="FILE", help="also write a row per object, or per memory"
    )
    add_model_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if not arguments.root.is_dir():
        raise UsageError(f"There is no folder {arguments.root}.")
    if arguments.frames is not None and arguments.frames < 3:
        raise UsageError(f"--frames must be at least 3, got {arguments.frames}.")
    if arguments.sequences is not None and arguments.sequences < 1:
        raise UsageError(f"--sequences must be at least 1, got {arguments.sequences}.")
    if arguments.csv:
        check_file_writable(arguments.csv)
    policy = arguments.memory_policy
    memory = (("policy", policy),) if policy else ()
    settings = replace(model_settings(arguments), memory=memory)
    print((_ablate if arguments.ablate else _score)(arguments, settings))
    return 0


def _score(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model with one memory; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.report import summarise, write_csv

    model, memory = load_network(settings)
    with _data_errors(arguments.root):
        summary = summarise(_evaluation(arguments, model, 1)(memory))
    if arguments.csv:
        write_csv(summary, arguments.csv)
    return json.dumps(summary) if arguments.json else _table(summary)


def _ablate(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model with each memory of the ablation; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.ablation import ablate, as_text, configs, write_rows

    model, memory = load_network(settings)
    token_bytes = 4 * model.network.config.memory_dim  # kept as float32
    with _data_errors(arguments.root):
        evaluation = _evaluation(arguments, model, len(set(configs(memory).values())))
        rows = list(ablate(evaluation, memory, token_bytes))
    if arguments.csv:
        write_rows(rows, arguments.csv)
    return json.dumps({"settings": rows}) if arguments.json else as_text(rows)


def _evaluation(
    arguments: argparse.Namespace, model: "Model", runs: int
) -> "Callable[[MemoryConfig], Iterator[SequenceResult]]":
    """Return what scores the model with a memory; its progress counts all runs together."""
    from tinysam2.evaluation.prompts import Protocol
    from tinysam2.evaluation.runner import evaluate
    from tinysam2.evaluation.sequences import read_sequences

    root, split = arguments.root, arguments.split
    total = runs * sum(1 for _ in islice(read_sequences(root, split), arguments.sequences))
    progress, done = Progress("evaluating", "sequences"), count(1)

    def scored(memory: "MemoryConfig") -> "Iterator[SequenceResult]":
        for result in evaluate(
            model,
            root,
            split,
            Protocol(arguments.protocol),
            memory,
            max_frames=arguments.frames,
            image_size=arguments.size,
            max_sequences=arguments.sequences,
        ):
            progress.update(next(done), total)
            yield result

    return scored


@contextmanager
def _data_errors(root: Path) -> Iterator[None]:
    """Turn what the data set and the model raise into sentences."""
    from app.tracking.tinysam2_backend import model_errors

    try:
        with model_errors():
            yield
    except (ValueError, OSError) as error:
        raise AppError(f"{root} cannot be evaluated: {error}.") from error


def _table(summary: Mapping[str, Any]) -> str:
    rows = {**summary["sequences"], "all objects": summary["overall"]}
    width = max(map(len, rows))
    lines = ["  ".join([" " * width, *(f"{name:>6}" for name in COLUMNS)])]
    for name, row in rows.items():
        cells = (f"{100 * row[column]:6.1f}" for column in COLUMNS)
        lines.append("  ".join([name.ljust(width), *cells]))
    lines.append(f"{summary['overall']['frames_per_second']:.1f} frames/s")
    return "\n".join(lines)
