"""Score the model on annotated videos, with and without corrections, or on clicked stills."""

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
CLICKING_COLUMNS = ("IoU@1", "IoU@3", "IoU@5", "NoC@85", "NoC@90", "obeyed", "obeyed_newest")
CORRECTING_COLUMNS = ("J&F", "J", "F", "unclicked_J&F", "obeyed", "obeyed_newest")
# Names of the model, which is not loaded just to read the options.
PROTOCOLS = ("mask", "box", "1-click", "3-click", "5-click")
INTERACTIVE = "interactive"  # clicks on stills
INTERACTIVE_VOS = "interactive-vos"  # clicks on tracked frames
CORRECTIONS = 3
# Options without a use, by protocol; all others are semi-supervised tracking.
UNUSED_OPTIONS = {
    INTERACTIVE: ("frames", "sequences", "memory_policy", "ablate"),
    INTERACTIVE_VOS: ("images", "ablate"),
}
UNUSED_BY_TRACKING = ("images",)
POLICIES = ("quality", "fifo", "samurai", "dam4sam")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("root", type=Path, help="the data set's folder")
    parser.add_argument("--split", default="val", help="part of it (default: val)")
    parser.add_argument("--frames", type=int, metavar="N", help="only N frames of each sequence")
    parser.add_argument("--sequences", type=int, metavar="N", help="only the first N sequences")
    parser.add_argument("--images", type=int, metavar="N", help="only N stills of each data set")
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
        choices=(*PROTOCOLS, INTERACTIVE, INTERACTIVE_VOS),
        default="mask",
        help="prompt of the first frame (default: mask); interactive: clicks on stills; "
        f"interactive-vos: {CORRECTIONS} times, click where tracking is worst and track again",
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
    by_protocol = {INTERACTIVE: _click, INTERACTIVE_VOS: _correct}
    tracking = _ablate if arguments.ablate else _score
    print(by_protocol.get(arguments.protocol, tracking)(arguments, settings))
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """Refuse numbers that are too low, and options without a use in the protocol."""
    for name, least in (("frames", 3), ("sequences", 1), ("images", 1)):
        value = getattr(arguments, name)
        if value is not None and value < least:
            raise UsageError(f"--{name} must be at least {least}, got {value}.")
    for name in UNUSED_OPTIONS.get(arguments.protocol, UNUSED_BY_TRACKING):
        if getattr(arguments, name):
            option = name.replace("_", "-")
            raise UsageError(f"--{option} has no use with --protocol {arguments.protocol}.")


def _score(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model with one memory; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.report import summarize, write_csv

    model, memory = load_network(settings)
    with _data_errors(arguments.root):
        summary = summarize(_evaluation(arguments, model, 1)(memory))
    if arguments.csv:
        write_csv(summary, arguments.csv)
    return json.dumps(summary) if arguments.json else _tracking_table(summary)


def _click(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model on clicked stills; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_image_network
    from tinysam2.evaluation.interactive import (
        click_images,
        object_rows,
        read_images,
        summarize_clicks,
    )
    from tinysam2.evaluation.report import write_rows

    model = load_image_network(settings)
    progress = Progress("evaluating", "images")
    with _data_errors(arguments.root):
        images = read_images(arguments.root, arguments.split, arguments.images)
        results = []
        for done, found in enumerate(click_images(model, images, arguments.size), start=1):
            results += found
            progress.update(done, len(images))
        summary = summarize_clicks(results)
    if arguments.csv:
        write_rows(object_rows(results), arguments.csv)
    return json.dumps(summary) if arguments.json else _clicking_table(summary)


def _correct(arguments: argparse.Namespace, settings: ModelSettings) -> str:
    """Score the model on videos while correcting it; returns what is to be printed."""
    from app.tracking.tinysam2_backend import load_network
    from tinysam2.evaluation.interactive_vos import evaluate_corrections, summarize_corrections
    from tinysam2.evaluation.report import write_csv

    model, memory = load_network(settings)
    progress = Progress("evaluating", "sequences")
    with _data_errors(arguments.root):
        total, results = _sequence_count(arguments), []
        for result in evaluate_corrections(
            model,
            arguments.root,
            arguments.split,
            memory,
            max_frames=arguments.frames,
            image_size=arguments.size,
            max_sequences=arguments.sequences,
        ):
            results.append(result)
            progress.update(len(results), total)
        summary = summarize_corrections(results)
    if arguments.csv:
        write_csv(summary, arguments.csv)
    return json.dumps(summary) if arguments.json else _correcting_tables(summary)


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

    root, split = arguments.root, arguments.split
    total = runs * _sequence_count(arguments)
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


def _sequence_count(arguments: argparse.Namespace) -> int:
    from tinysam2.datasets.sequences import read_sequences

    sequences = read_sequences(arguments.root, arguments.split)
    return sum(1 for _ in islice(sequences, arguments.sequences))


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
    return f"{_table(rows, TRACKING_COLUMNS)}\n{_speed(summary)}"


def _clicking_table(summary: Mapping[str, Any]) -> str:
    rows = {**summary["datasets"], "all objects": summary["overall"]}
    return f"{_table(rows, CLICKING_COLUMNS)}\n{summary['overall']['objects']} objects"


def _correcting_tables(summary: Mapping[str, Any]) -> str:
    """Lay out J&F by sequence and number of corrections, then all figures over all objects."""
    overall, counts = summary["overall"], range(CORRECTIONS + 1)
    rows = {**summary["sequences"], "all objects": overall}
    by_count = {
        f"{number} correction{'s' if number != 1 else ''}": {
            name: overall.get(f"{name}@{number}") for name in CORRECTING_COLUMNS
        }
        for number in counts
    }
    tables = _table(rows, [f"J&F@{n}" for n in counts]), _table(by_count, CORRECTING_COLUMNS)
    return "\n\n".join([*tables, _speed(summary)])


def _speed(summary: Mapping[str, Any]) -> str:
    return f"{summary['overall']['frames_per_second']:.1f} frames/s"


def _table(rows: Mapping[str, Mapping[str, float | None]], columns: Sequence[str]) -> str:
    """Lay rows out for people: percents, but numbers of clicks as they are; "-" for no value."""
    width = max(map(len, rows))
    widths = [max(6, len(name)) for name in columns]
    lines = [[" " * width, *columns]]
    lines += [
        [name.ljust(width), *(_cell(column, row[column]) for column in columns)]
        for name, row in rows.items()
    ]
    return "\n".join(
        "  ".join([head, *(cell.rjust(w) for cell, w in zip(cells, widths, strict=True))])
        for head, *cells in lines
    )


def _cell(column: str, value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value * (1 if column.startswith('NoC') else 100):.1f}"
