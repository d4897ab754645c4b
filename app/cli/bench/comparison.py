"""Compares two settings that take turns, so that what else the machine does meets both."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from app.cli.bench.machine import describe_machine, machine_line
from app.cli.bench.settings import (
    BenchSettings,
    changed,
    describe,
    describe_line,
    load_backend,
    torch_threads,
)
from app.cli.bench.tracking import TrackingFigures, measure, stage_table
from app.cli.progress import Progress
from app.export.naming import counted

if TYPE_CHECKING:
    from app.tracking.tinysam2_backend import TinySam2Backend

DEFAULT_TURNS = 4
NAMES = ("A", "B")


@dataclass(slots=True)
class _Side:
    """One of the settings, and what was measured of it."""

    settings: BenchSettings
    backend: "TinySam2Backend"
    found: TrackingFigures = field(default_factory=TrackingFigures)
    turns_ms: list[float] = field(default_factory=list)
    described: dict[str, object] = field(default_factory=dict)

    def as_json(self) -> dict[str, object]:
        figures = self.found.as_json()
        del figures["first_frame_ms"]  # it is not of all turns
        turns = [round(value, 2) for value in self.turns_ms]
        return {"setting": self.described, **figures, "turns_ms": turns}


def run(arguments: argparse.Namespace) -> int:
    """Measure two settings in turns; returns the exit status."""
    machine = describe_machine()
    sides = [_Side(each, load_backend(each)) for each in _settings(arguments)]
    progress = Progress("comparing", "runs")
    total = len(sides) * arguments.turns
    for turn in range(arguments.turns):
        # The one that begins changes, so that a drift of the machine meets both.
        for each in sides if turn % 2 == 0 else sides[::-1]:
            _take_turn(each, arguments)
            progress.update(sum(len(side.turns_ms) for side in sides), total)
    ratios = np.array(sides[0].turns_ms) / np.array(sides[1].turns_ms)
    ratio = {
        "median": round(float(np.median(ratios)), 3),
        "least": round(float(ratios.min()), 3),
        "most": round(float(ratios.max()), 3),
    }
    if arguments.json:
        measured = {name: side.as_json() for name, side in zip(NAMES, sides, strict=True)}
        document = {"machine": machine, "video": arguments.video.name, **measured}
        print(json.dumps({**document, "a_over_b": ratio}))
    else:
        print(machine_line(machine))
        print("\n".join(_text(arguments.video.name, sides, ratio)))
    return 0


def _settings(arguments: argparse.Namespace) -> list[BenchSettings]:
    return [changed(arguments, options) for options in arguments.compare]


def _take_turn(side: _Side, arguments: argparse.Namespace) -> None:
    with torch_threads(side.settings.threads) as threads:
        found = measure(arguments.video, side.backend, side.settings.objects, arguments.frames)
        side.described = describe(side.settings, side.backend, threads)
    side.turns_ms.append(float(np.median(found.frame_ms)))
    found.extend(side.found)
    side.found = found


def _text(video: str, sides: list[_Side], ratio: dict[str, float]) -> Iterator[str]:
    yield video
    for name, side in zip(NAMES, sides, strict=True):
        yield f"{name}: {describe_line(side.described)}"
    yield stage_table({name: side.found for name, side in zip(NAMES, sides, strict=True)})
    turns = counted(len(sides[0].turns_ms), "turn")
    yield (
        f"a frame of A takes {ratio['median']:.2f} times as long as one of B "
        f"({ratio['least']:.2f} to {ratio['most']:.2f} in {turns})"
    )
