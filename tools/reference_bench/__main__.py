"""Time the authors' implementation of a network and ours on the same frames, in turns.

The implementation is imported from a clone that the user has; its own dependencies (Hydra, timm,
torchvision, ...) must be installed.  Both have random weights, which cost what trained ones do;
only TinySAM 2 has its own, see `load_ours`.
"""

import argparse
import json
import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from tinysam2.engines.runner import Engine
from tools.reference_bench.frames import FrameTime, Track, read_frames
from tools.reference_bench.ours import load_ours, track_ours
from tools.reference_bench.reference import Reference

WARM_UP_FRAMES = 7
"""Frames before those that are measured: SAM 2's memory is full after the seventh."""
_PRINTED = ("model", "size", "threads", "frames", "engine", "precision")


def main() -> None:
    """Run the program."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    count = WARM_UP_FRAMES + arguments.frames
    frames = read_frames(arguments.video, count)
    reference = Reference(arguments.reference, arguments.config, arguments.size)
    model = load_ours(arguments.model, arguments.engine, arguments.precision)
    sides: dict[str, Track] = {
        "reference": lambda: reference.track(frames),
        "ours": track_ours(model, arguments.size, frames),
    }
    turns: dict[str, list[list[FrameTime]]] = {name: [] for name in sides}
    for turn in range(arguments.turns):
        for name in list(sides) if turn % 2 == 0 else list(sides)[::-1]:
            turns[name].append(list(sides[name]())[WARM_UP_FRAMES:])
            elapsed_ms = statistics.median(each.elapsed_ms for each in turns[name][-1])
            print(f"{name}: {elapsed_ms:.0f} ms a frame", file=sys.stderr, flush=True)
    options = {name: getattr(arguments, name) for name in _PRINTED}
    clocks = {"elapsed": lambda t: t.elapsed_ms, "processor": lambda t: t.processor_ms}
    print(json.dumps({**options, **{name: _compared(turns, c) for name, c in clocks.items()}}))


def _compared(
    turns: dict[str, list[list[FrameTime]]], milliseconds: Callable[[FrameTime], float]
) -> dict[str, object]:
    """Return the median of each turn and the ratio of turns that follow each other."""
    medians = {
        name: [statistics.median(map(milliseconds, frames)) for frames in found]
        for name, found in turns.items()
    }
    ratios = [a / b for a, b in zip(medians["reference"], medians["ours"], strict=True)]
    return {
        "turns_ms": {name: [round(v, 1) for v in found] for name, found in medians.items()},
        "reference_over_ours": {
            "median": round(statistics.median(ratios), 3),
            "least": round(min(ratios), 3),
            "most": round(max(ratios), 3),
        },
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser("python -m tools.reference_bench", description=__doc__)
    parser.add_argument("video", type=Path)
    parser.add_argument(
        "--reference", type=Path, required=True, help="clone of the authors' repository"
    )
    parser.add_argument(
        "--config", required=True, help="its configuration, such as configs/edgetam.yaml"
    )
    parser.add_argument("--model", required=True, help="the same network here, such as edgetam")
    parser.add_argument("--size", type=int, default=1024, help="input size in pixels")
    parser.add_argument(
        "--engine", default="auto", choices=list(Engine), help="what runs our network"
    )
    parser.add_argument(
        "--precision",
        default="auto",
        choices=("auto", "float32", "bfloat16"),
        help="of our network (default: auto, the fastest that is sound on the processor)",
    )
    parser.add_argument("--threads", type=int, default=1, help="processor threads of torch")
    parser.add_argument("--frames", type=int, default=10, help="frames to measure in each turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each implementation")
    return parser.parse_args()


if __name__ == "__main__":
    main()
