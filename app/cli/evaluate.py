"""Score the tracker on a data set in DAVIS layout: J, F and J&F per sequence and over all."""

import argparse
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from app.cli.options import add_json_option, add_model_options, check_writable, model_settings
from app.cli.progress import Progress
from app.core.errors import AppError, UsageError
from app.core.settings import ModelSettings

COLUMNS = ("J&F", "J_mean", "F_mean")
# Names of the model, which is not loaded just to read the options.
PROTOCOLS = ("mask", "box", "1-click", "3-click", "5-click")
POLICIES = ("quality", "fifo", "samurai", "dam4sam")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("root", type=Path, help="the data set's folder")
    parser.add_argument("--split", default="val", help="part of it (default: val)")
    parser.add_argument("--frames", type=int, metavar="N", help="only N frames of each sequence")
    parser.add_argument(
        "--memory-policy", choices=POLICIES, help="how frames enter memory (default: the model's)"
    )
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default="mask",
        help="what the tracker is told on the first frame (default: mask)",
    )
    parser.add_argument("--csv", type=Path, metavar="FILE", help="also write a row per object")
    add_model_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if not arguments.root.is_dir():
        raise UsageError(f"There is no folder {arguments.root}.")
    if arguments.frames is not None and arguments.frames < 3:
        raise UsageError(f"--frames must be at least 3, got {arguments.frames}.")
    if arguments.csv:
        check_writable(arguments.csv.parent)
    summary = _score(arguments, _settings(arguments))
    if arguments.csv:
        from tinysam2.evaluation.report import write_csv

        write_csv(summary, arguments.csv)
    print(json.dumps(summary) if arguments.json else _table(summary))
    return 0


def _settings(arguments: argparse.Namespace) -> ModelSettings:
    policy = arguments.memory_policy
    memory = (("policy", policy),) if policy else ()
    return replace(model_settings(arguments), memory=memory)


def _score(arguments: argparse.Namespace, settings: ModelSettings) -> dict[str, Any]:
    from app.tracking.tinysam2_backend import load_network, model_errors
    from tinysam2.evaluation.prompts import Protocol
    from tinysam2.evaluation.report import summarise
    from tinysam2.evaluation.runner import evaluate
    from tinysam2.evaluation.sequences import read_sequences

    model, memory = load_network(settings)
    try:
        total = sum(1 for _ in read_sequences(arguments.root, arguments.split))
        progress = Progress("evaluating", "sequences")
        results = []
        with model_errors():
            for result in evaluate(
                model,
                arguments.root,
                arguments.split,
                Protocol(arguments.protocol),
                memory,
                max_frames=arguments.frames,
                image_size=settings.input_size,
            ):
                results.append(result)
                progress.update(len(results), total)
        return summarise(results)
    except (ValueError, OSError) as error:
        raise AppError(f"{arguments.root} cannot be evaluated: {error}") from error


def _table(summary: Mapping[str, Any]) -> str:
    rows = {**summary["sequences"], "all objects": summary["overall"]}
    width = max(map(len, rows))
    lines = ["  ".join([" " * width, *(f"{name:>6}" for name in COLUMNS)])]
    for name, row in rows.items():
        cells = (f"{100 * row[column]:6.1f}" for column in COLUMNS)
        lines.append("  ".join([name.ljust(width), *cells]))
    lines.append(f"{summary['overall']['frames_per_second']:.1f} frames/s")
    return "\n".join(lines)
