"""Calibrate weights on videos, so that the network can run in 8 bits."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.cli.demo import SAMPLE
from app.cli.options import (
    add_json_option,
    add_weights_options,
    check_file_writable,
    model_settings,
)
from app.cli.progress import Progress
from app.core.errors import AppError, UsageError
from app.core.settings import BUNDLED_MODEL

if TYPE_CHECKING:
    from tinysam2.quantization.search import SearchResult

LEAST_FRAMES, MOST_FRAMES = 8, 64
PROTOCOLS = ("mask", "3-click")
SCORED_PRECISIONS = ("float32", "int8")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "--calibrate",
        type=Path,
        nargs="+",
        default=[SAMPLE / "sample.mp4"],
        metavar="VIDEO",
        help="videos, or folders of frames, like those to be tracked (default: the sample clip)",
    )
    parser.add_argument(
        "--frames",
        type=int,
        default=16,
        metavar="N",
        help=f"calibration frames, {LEAST_FRAMES} to {MOST_FRAMES} (default: 16)",
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE", help="the new .safetensors file"
    )
    parser.add_argument(
        "--report",
        type=Path,
        metavar="DATASET",
        help="also score its validation split before and after, from masks and from 3 clicks",
    )
    add_weights_options(parser)
    add_json_option(parser)
    parser.set_defaults(device="cpu", engine="auto", precision="auto")


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if not LEAST_FRAMES <= arguments.frames <= MOST_FRAMES:
        raise UsageError(
            f"--frames must be in {LEAST_FRAMES}..{MOST_FRAMES}, got {arguments.frames}."
        )
    if (arguments.model or BUNDLED_MODEL) != BUNDLED_MODEL:
        raise UsageError(f"Only {BUNDLED_MODEL} can be quantized, not {arguments.model}.")
    if arguments.report is not None and not arguments.report.is_dir():
        raise UsageError(f"There is no folder {arguments.report}.")
    check_file_writable(arguments.out)
    found = _quantize(arguments)
    summary: dict[str, Any] = {
        "out": str(arguments.out),
        "layers": len(found.scales),
        "loss_before": found.loss_before,
        "loss_after": found.loss_after,
    }
    if arguments.report is not None:
        summary["J&F"] = _scores(arguments)
    print(json.dumps(summary) if arguments.json else _text(summary))
    return 0


def _quantize(arguments: argparse.Namespace) -> "SearchResult":
    from app.tracking.tinysam2_backend import model_errors
    from tinysam2.build import weights_of
    from tinysam2.quantization.checkpoint import quantize

    settings = model_settings(arguments)
    try:
        with model_errors():
            return quantize(
                settings.checkpoint or weights_of(settings.name, download=False),
                arguments.calibrate,
                arguments.frames,
                arguments.out,
                settings.input_size,
                lambda step: Progress(step, "steps").update,
            )
    except (ValueError, OSError) as error:
        raise AppError(f"The weights cannot be quantized: {error}.") from error


def _scores(arguments: argparse.Namespace) -> dict[str, dict[str, float]]:
    """Return J&F by protocol and precision, both of the new file by the engine openvino."""
    from tinysam2.build import load_model
    from tinysam2.datasets.sequences import read_sequences
    from tinysam2.evaluation.prompts import Protocol
    from tinysam2.evaluation.report import summarize
    from tinysam2.evaluation.runner import evaluate

    scores: dict[str, dict[str, float]] = {}
    try:
        total = sum(1 for _ in read_sequences(arguments.report, "val"))
        for protocol in PROTOCOLS:
            scores[protocol] = {}
            for precision in SCORED_PRECISIONS:
                model = load_model(
                    BUNDLED_MODEL, arguments.out, "cpu", False, "openvino", precision
                )
                progress, results = Progress(f"{protocol}, {precision}", "sequences"), []
                for result in evaluate(
                    model, arguments.report, "val", Protocol(protocol), image_size=arguments.size
                ):
                    results.append(result)
                    progress.update(len(results), total)
                scores[protocol][precision] = summarize(results)["overall"]["J&F"]
    except (ValueError, OSError) as error:
        raise AppError(f"{arguments.report} cannot be evaluated: {error}.") from error
    return scores


def _text(summary: dict[str, Any]) -> str:
    lines = [
        f"{summary['layers']} layers in 8 bits",
        f"loss with full ranges {summary['loss_before']:.5f}, with the scales found "
        f"{summary['loss_after']:.5f}",
        *_score_lines(summary.get("J&F", {}), SCORED_PRECISIONS),
        str(summary["out"]),
    ]
    return "\n".join(lines)


def _score_lines(scores: dict[str, dict[str, float]], precisions: Sequence[str]) -> list[str]:
    return [
        f"J&F from {protocol}: "
        + ", ".join(f"{name} {100 * found[name]:.1f}" for name in precisions)
        for protocol, found in scores.items()
    ]
