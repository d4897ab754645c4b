"""Time the authors' implementation of a network and ours on the same frames, in turns.

The implementation is imported from a clone that the user has; its own dependencies (Hydra, timm,
torchvision, ...) must be installed.  Both have random weights, which cost what trained ones do.
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

import torch

from tools.reference_bench.frames import Track, read_frames
from tools.reference_bench.ours import track_ours
from tools.reference_bench.reference import Reference

WARM_UP_FRAMES = 7
"""Frames before those that are measured: SAM 2's memory is full after the seventh."""


def main() -> None:
    """Run the program."""
    arguments = _arguments()
    torch.set_num_threads(arguments.threads)
    count = WARM_UP_FRAMES + arguments.frames
    frames = read_frames(arguments.video, count)
    reference = Reference(arguments.reference, arguments.config, arguments.size)
    sides: dict[str, Track] = {
        "reference": lambda: reference.track(frames),
        "ours": track_ours(arguments.model, arguments.size, frames),
    }
    turns: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(arguments.turns):
        for name in list(sides) if turn % 2 == 0 else list(sides)[::-1]:
            spent_ms = list(sides[name]())[WARM_UP_FRAMES:]
            turns[name].append(statistics.median(spent_ms))
            print(f"{name}: {turns[name][-1]:.0f} ms a frame", file=sys.stderr, flush=True)
    ratios = [a / b for a, b in zip(turns["reference"], turns["ours"], strict=True)]
    print(
        json.dumps(
            {
                "model": arguments.model,
                "size": arguments.size,
                "threads": arguments.threads,
                "frames": arguments.frames,
                "turns_ms": {name: [round(v, 1) for v in found] for name, found in turns.items()},
                "reference_over_ours": {
                    "median": round(statistics.median(ratios), 3),
                    "least": round(min(ratios), 3),
                    "most": round(max(ratios), 3),
                },
            }
        )
    )


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
    parser.add_argument("--threads", type=int, default=1, help="processor threads of torch")
    parser.add_argument("--frames", type=int, default=10, help="frames to measure in each turn")
    parser.add_argument("--turns", type=int, default=3, help="turns of each implementation")
    return parser.parse_args()


if __name__ == "__main__":
    main()
