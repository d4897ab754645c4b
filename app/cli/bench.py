"""Measure how fast the window responds on this machine."""

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.cli.demo import SAMPLE
from app.cli.display import has_display
from app.cli.options import add_json_option, add_model_options, backend_loader, model_settings
from app.cli.progress import Progress
from app.core.errors import SourceError, UsageError
from app.storage.home import HOME_VARIABLE
from app.tracking.backend import ModelDescription, TrackerBackend

if TYPE_CHECKING:
    from app.ui.benchmark.measurement import Measurement


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "video",
        nargs="?",
        type=Path,
        default=SAMPLE / "sample.mp4",
        metavar="VIDEO",
        help="a video or a frame folder (default: the sample clip)",
    )
    parser.add_argument(
        "--gui",
        action="store_true",
        help="open, seek, click, track and repaint in the real window, which is not shown where "
        "there is no screen",
    )
    parser.add_argument(
        "--frames", type=int, default=60, metavar="N", help="frames to track (default: 60)"
    )
    add_model_options(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if not arguments.gui:
        raise UsageError("`tinysam2 bench` measures the window only: add --gui.")
    if arguments.frames < 2:
        raise UsageError(f"--frames must be at least 2, got {arguments.frames}.")
    if not arguments.video.exists():
        raise SourceError(f"{arguments.video} does not exist.")
    if not has_display():
        os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
        # The plugin warns, once for each dialog, that it has no window manager.
        os.environ.setdefault("QT_LOGGING_RULES", "default.warning=false")
    machine = _machine()
    backend = backend_loader(model_settings(arguments))()  # before the home folder is another one
    measured = _measure(arguments, backend)
    show = _as_json if arguments.json else _as_text
    print(show(machine, arguments.video.name, backend.description, measured))
    return 0


def _as_json(
    machine: dict[str, object],
    video: str,
    model: ModelDescription,
    measured: "list[Measurement]",
) -> str:
    figures = {each.name: _figures(each) for each in measured}
    return json.dumps(
        {"machine": machine, "video": video, "model": asdict(model), "window": figures}
    )


def _as_text(
    machine: dict[str, object],
    video: str,
    model: ModelDescription,
    measured: "list[Measurement]",
) -> str:
    load = "" if machine["load"] is None else f", load {machine['load']}"
    return "\n".join(
        (
            f"{machine['cpu']}, {machine['cores']} cores{load}",
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


def _machine() -> dict[str, object]:
    """Describe the processor, and how busy it is; a load above ``cores`` makes figures useless."""
    has_load = hasattr(os, "getloadavg")  # not on Windows
    return {
        "cpu": _cpu_name(),
        "cores": os.cpu_count(),
        "load": round(os.getloadavg()[0], 1) if has_load else None,
        "system": platform.platform(),
    }


def _cpu_name() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text("utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _figures(measurement: "Measurement") -> dict[str, float]:
    values = np.array(measurement.values_ms)
    return {
        "median_ms": round(float(np.median(values)), 2),
        "p95_ms": round(float(np.percentile(values, 95)), 2),
        "worst_ms": round(float(values.max()), 2),
        "count": len(values),
    }


def _table(measured: "Sequence[Measurement]") -> str:
    """Lay the figures out for people; what was measured once has a single number."""
    lines = [["milliseconds", "median", "p95", "worst", "of"]]
    for each in measured:
        figures = _figures(each)
        cells = [f"{figures[f'{name}_ms']:.1f}" for name in ("median", "p95", "worst")]
        if figures["count"] == 1:
            cells[1:] = "", ""
        lines.append([each.label, *cells, str(figures["count"])])
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([head.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])
        for head, *cells in lines
    )
