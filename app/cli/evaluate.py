"""Score the model on annotated videos (J, F and J&F) or on clicked stills (IoU and clicks)."""

import argparse
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
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

TRACKING_COLUMNS = ("J&F", "J_mean", "F_mean")
CLICKING_COLUMNS = ("IoU@1", "IoU@3", "IoU@5", "NoC@85", "NoC@90")
# Names of the model, which is not loaded just to read the options.
PROTOCOLS = ("mask", "box", "1-click", "3-click", "5-click")
INTERACTIVE = "interactive"  # the protocol of stills
POLICIES = ("quality", "fifo", "samurai", "dam4sam")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("root", type=Path, help="the data set's folder")
    parser.add_argument("--split", default="val", help="part of it (default: val)")
    parser.add_argument("--frames", type=int, metavar="N", help="only N frames of each sequence")
    parser.add_argument("--sequences", type=int, metavar="N", help="only the first N sequences")
    parser.add_argument("--pictures", type=int, metavar="N", help="only N stills of each data set")
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
        choices=(*PROTOCOLS, INTERACTIVE),
        default="mask",
        help="what the tracker is told on the first frame (default: mask), or clicks on stills",
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
    _check_options(arguments)
    if arguments.csv:
        check_file_writable(arguments.csv)
    policy = arguments.memory_policy
    memory = (("policy", policy),) if policy else ()
    settings = replace(model_settings(arguments), memory=memory)
    is_interactive = arguments.protocol == INTERACTIVE
    answer = _interact if is_interactive else _ablate if arguments.ablate else _score
    print(answer(arguments, settings))
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """Refuse numbers that are too low, and what only the other kind of data has."""
    for name, least in (("frames", 3), ("sequences", 1), ("pictures", 1)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}, got {value}.")
    is_interactive = arguments.protocol == INTERACTIVE
    useless = (
        ("frames", "sequences", "memory_policy", "ablate") if is_interactive else ("pictures",)
    )
    for name in useless:
        if getattr(arguments, name):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} has no use with --protocol {arguments.protocol}.")


def _score(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model with one memory; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.report import summarise, write_csv

    model, memory = load_network(settings)
    with _data_errors(arguments.root):
        summary = summarise(_evaluation(arguments, model, 1)(memory))
    if arguments.csv:
        write_csv(summary, arguments.csv)
    return json.dumps(summary) if arguments.json else _tracking_table(summary)


def _interact(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model on clicked stills; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.interactive import (
        click_pictures,
        object_rows,
        read_pictures,
        summarise_clicks,
    )
    from tinysam2.evaluation.report import write_rows

    model, _ = load_network(settings)
    progress = Progress("evaluating", "pictures")
    with _data_errors(arguments.root):
        pictures = read_pictures(arguments.root, arguments.split, arguments.pictures)
        results = []
        for done, found in enumerate(click_pictures(model, pictures, arguments.size), start=1):
            results += found
            progress.update(done, len(pictures))
        summary = summarise_clicks(results)
    if arguments.csv:
        write_rows(object_rows(results), arguments.csv)
    return json.dumps(summary) if arguments.json else _clicking_table(summary)


def _ablate(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model with each memory of the ablation; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.ablation import ablate, as_text, configs
    from tinysam2.evaluation.report import write_rows

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


def _tracking_table(summary: Mapping[str, Any]) -> str:
    rows = {**summary["sequences"], "all objects": summary["overall"]}
    speed = f"{summary['overall']['frames_per_second']:.1f} frames/s"
    return f"{_table(rows, TRACKING_COLUMNS)}\n{speed}"


def _clicking_table(summary: Mapping[str, Any]) -> str:
    rows = {**summary["datasets"], "all objects": summary["overall"]}
    return f"{_table(rows, CLICKING_COLUMNS)}\n{summary['overall']['objects']} objects"


def _table(rows: Mapping[str, Mapping[str, float]], columns: Sequence[str]) -> str:
    """Lay rows out for people: percents, but numbers of clicks as they are."""
    width = max(map(len, rows))
    lines = ["  ".join([" " * width, *(f"{name:>6}" for name in columns)])]
    for name, row in rows.items():
        cells = (row[column] * (1 if column.startswith("NoC") else 100) for column in columns)
        lines.append("  ".join([name.ljust(width), *(f"{cell:6.1f}" for cell in cells)]))
    return "\n".join(lines)
