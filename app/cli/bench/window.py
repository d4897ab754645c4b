"""Measures how fast the window responds."""

import argparse
import json
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING

from app.cli.bench.machine import describe_machine, machine_line
from app.cli.bench.tables import Cell, figures, table
from app.cli.display import has_display
from app.cli.options import backend_loader, model_settings
from app.cli.progress import Progress
from app.jobs.prepare import prepare_engine
from app.media.source import open_source
from app.storage.home import HOME_VARIABLE
from app.tracking.backend import ModelDescription, TrackerBackend

if TYPE_CHECKING:
    from app.ui.benchmark.measurement import Measurement


def run(arguments: argparse.Namespace) -> int:
    """Measure the window; returns the exit status."""
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        # The plugin warns, once for each dialog, that it has no window manager.
        os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
    machine = describe_machine()
    backend = backend_loader(model_settings(arguments))()  # before the home folder is another one
    with open_source(arguments.video) as source:
        prepare_engine(backend, source)  # else the window does, while it is measured
    measured = _measure(arguments, backend)
    show = _as_json if arguments.json else _as_text
    print(show(machine, arguments.video.name, backend.description, measured))
    return 0


def show_once() -> int:
    """Show the window, say so on stdout, and close it; returns the exit status."""
    from app.ui.benchmark import start_up

    start_up.show_once()
    return 0


def _as_json(
    machine: dict[str, object],
    video: str,
    model: ModelDescription,
    measured: "list[Measurement]",
) -> str:
    shown = {each.name: figures(each.values_ms) for each in measured}
    return json.dumps({"machine": machine, "video": video, "model": asdict(model), "window": shown})


def _as_text(
    machine: dict[str, object],
    video: str,
    model: ModelDescription,
    measured: "list[Measurement]",
) -> str:
    return "\n".join(
        (
            machine_line(machine),
            f"{video}, {model.name} at {model.input_size} px on {model.device}",
            _table(measured),
        )
    )


def _measure(arguments: argparse.Namespace, backend: TrackerBackend) -> "list[Measurement]":
    from app.ui.benchmark.measurement import MEASUREMENTS, BenchmarkPlan
    from app.ui.benchmark.window_benchmark import measure_window

    plan = BenchmarkPlan(tracked=arguments.frames)
    progress, measured = Progress("measuring", "figures"), []
    with _temporary_home():
        for each in measure_window(arguments.video, backend, plan):
            measured.append(each)
            progress.update(len(measured), MEASUREMENTS)
    return measured


@contextmanager
def _temporary_home() -> Iterator[None]:
    """Let the window use settings and projects of its own, so that those of the user stay."""
    before = os.environ.get(HOME_VARIABLE)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        os.environ[HOME_VARIABLE] = folder
        try:
            yield
        finally:
            if before is None:
                del os.environ[HOME_VARIABLE]
            else:
                os.environ[HOME_VARIABLE] = before


def _table(measured: "Sequence[Measurement]") -> str:
    """Lay the figures out for people; what was measured once has a single number."""
    rows: list[list[Cell]] = [["milliseconds", "median", "p95", "worst", "of"]]
    for each in measured:
        shown = figures(each.values_ms)
        cells: list[Cell] = [shown[f"{name}_ms"] for name in ("median", "p95", "worst")]
        if len(each.values_ms) == 1:
            cells[1:] = "", ""
        rows.append([each.label, *cells, len(each.values_ms)])
    return table(rows)
