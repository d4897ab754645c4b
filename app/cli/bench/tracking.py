"""Measures tracking: what each stage of a frame takes."""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.cli.bench.machine import describe_machine, machine_line, peak_rss_mb
from app.cli.bench.settings import (
    BenchSettings,
    describe,
    describe_line,
    load_backend,
    torch_threads,
)
from app.cli.bench.stages import STAGES, StageRecorder
from app.cli.bench.tables import Cell, figures, table
from app.cli.progress import Progress
from app.core import edits
from app.core.cancel import CancelToken
from app.core.errors import UsageError
from app.core.prompts import FramePrompts, PointPrompt
from app.jobs.predict import segment_job, track_job
from app.session import Session
from app.tracking.backend import Direction
from app.tracking.requests import segment_request, track_request

if TYPE_CHECKING:
    from app.tracking.tinysam2_backend import TinySam2Backend

WARM_UP_FRAMES = 5
"""Frames before those that are measured: the first ones are slower, and read less memory."""
SPREAD = 0.22
"""Radius of the circle of clicks for several objects, as a fraction of the frame's height."""


@dataclass(slots=True)
class TrackingFigures:
    """What tracking took.

    Attributes:
        first_ms: of the prompted frame.
        frame_ms: of each measured frame, from its decoding to its rows in the document.
        stage_ms: of each stage, per measured frame.  They overlap where stages run at once.
        tokens_stored, tokens_attended: of one object at the last frame; tokens_full: those that a
            full SAM 2 bank has at this input size.
    """

    first_ms: float = 0.0
    frame_ms: list[float] = field(default_factory=list)
    stage_ms: dict[str, list[float]] = field(default_factory=lambda: {s: [] for s in STAGES})
    tokens_stored: int = 0
    tokens_attended: int = 0
    tokens_full: int = 0

    def extend(self, other: "TrackingFigures") -> None:
        """Add the frames of another run of the same setting."""
        self.frame_ms += other.frame_ms
        for stage, values in other.stage_ms.items():
            self.stage_ms[stage] += values

    def as_json(self) -> dict[str, object]:
        """Return all figures."""
        return {
            "first_frame_ms": round(self.first_ms, 2),
            "frames_per_s": round(1000 / float(np.mean(self.frame_ms)), 3),
            "frame": figures(self.frame_ms),
            "stages": {stage: figures(values) for stage, values in self.stage_ms.items()},
            "tokens": {
                "stored": self.tokens_stored,
                "attended": self.tokens_attended,
                "full_sam2": self.tokens_full,
            },
        }


def run(arguments: argparse.Namespace) -> int:
    """Measure one setting; returns the exit status."""
    settings, machine = BenchSettings.of(arguments), describe_machine()
    backend = load_backend(settings)
    progress = Progress("tracking")
    with torch_threads(settings.threads) as threads:
        found = measure(
            arguments.video, backend, settings.objects, arguments.frames, progress.update
        )
        described = describe(settings, backend, threads)
    memory = {"peak_rss_mb": _rounded(peak_rss_mb()), "device_mb": _device_mb(backend)}
    if arguments.json:
        document = {"machine": machine, "video": arguments.video.name, "setting": described}
        print(json.dumps({**document, **found.as_json(), "memory": memory}))
    else:
        print(machine_line(machine))
        print(f"{arguments.video.name}, {describe_line(described)}")
        print("\n".join(_text(found, memory)))
    return 0


def measure(
    video: Path,
    backend: "TinySam2Backend",
    objects: int,
    frames: int,
    progress: Callable[[int, int], object] = lambda done, total: None,
) -> TrackingFigures:
    """Track objects through a video as a person does, in a project of its own.

    Args:
        video: a video or a frame folder.
        backend: the model.
        objects: number of objects, each prompted by a click.
        frames: frames to measure, after `WARM_UP_FRAMES` others; fewer where the video ends.
        progress: called with the frames done and their number.

    Raises:
        AppError: the video cannot be read or is too short.
    """
    found = TrackingFigures()
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        StageRecorder(backend.synchronize) as recorder,
    ):
        session = Session.open(video, lambda: backend, Path(folder) / "bench.tsam")
        try:
            _measure_session(found, session, objects, frames, recorder, progress)
        finally:
            session.close()
    return found


def _measure_session(
    found: TrackingFigures,
    session: Session,
    objects: int,
    frames: int,
    recorder: StageRecorder,
    progress: Callable[[int, int], object],
) -> None:
    if session.num_frames <= WARM_UP_FRAMES + 1:
        name, count = session.source.path.name, session.num_frames
        raise UsageError(f"{name} has {count} frames.", "Name a longer video.")
    prompt_objects(session, objects)
    recorder.take()
    total = min(frames + WARM_UP_FRAMES, session.num_frames)
    for done, elapsed_ms in enumerate(tracked(session, total), 1):
        spent = recorder.take()
        progress(done, total)
        if done == 1:
            found.first_ms = elapsed_ms
        if done <= WARM_UP_FRAMES:
            continue
        found.frame_ms.append(elapsed_ms)
        for stage, values in found.stage_ms.items():
            values.append(spent[stage])
    _count_tokens(found, session, total - 1)


def prompt_objects(session: Session, count: int) -> None:
    """Click ``count`` objects on the first frame: one in the center, several on a circle."""
    height, width = session.size_hw
    for number in range(count):
        angle, radius = 2 * math.pi * number / count, SPREAD * height if count > 1 else 0.0
        x = width / 2 + radius * math.cos(angle)
        y = height / 2 + radius * math.sin(angle)
        session.execute(edits.add_object(session.document))
        object_id = session.document.objects[-1].object_id
        prompts = FramePrompts((PointPrompt(x, y),))
        session.execute(edits.set_prompts(session.document, object_id, 0, prompts))
        request = segment_request(session.document, object_id, 0)
        job = segment_job(session.jobs, object_id, request, session.history.new_key())
        for step in job(CancelToken()):
            session.apply(step)


def tracked(session: Session, total: int) -> Iterator[float]:
    """Track the first frames of a session; yields the milliseconds that each took."""
    document = session.document
    request = track_request(document, session.num_frames, Direction.FORWARD, 0, last=total - 1)
    job = track_job(session.jobs, request, session.history.new_key())
    start_s = time.perf_counter()
    for step in job(CancelToken()):
        session.apply(step)
        yield (time.perf_counter() - start_s) * 1000
        start_s = time.perf_counter()


def _count_tokens(found: TrackingFigures, session: Session, frame: int) -> None:
    record = session.document.memory(session.document.objects[0].object_id, frame)
    if record is not None:
        found.tokens_stored = record.tokens_stored
        found.tokens_attended = record.tokens_attended
        found.tokens_full = record.tokens_full_sam2


def _device_mb(backend: "TinySam2Backend") -> float | None:
    peak_bytes = backend.peak_device_bytes
    return None if peak_bytes is None else round(peak_bytes / (1 << 20), 1)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def _text(found: TrackingFigures, memory: dict[str, float | None]) -> Iterator[str]:
    yield stage_table({"": found})
    mean_ms = float(np.mean(found.frame_ms))
    yield f"{1000 / mean_ms:.2f} frames/s; first frame {found.first_ms:.0f} ms"
    yield (
        f"memory tokens of an object: {found.tokens_stored} stored, {found.tokens_attended} "
        f"attended, {found.tokens_full} in a full SAM 2 bank"
    )
    for name, label in (("peak_rss_mb", "process"), ("device_mb", "device")):
        if memory[name] is not None:
            yield f"memory of the {label}, at most {memory[name]:.0f} MiB"


def stage_table(columns: dict[str, TrackingFigures]) -> str:
    """Lay out median and p95 of each stage; several settings stand side by side."""
    head: list[Cell] = ["milliseconds"]
    for name in columns:
        head += [f"{name} median".strip(), "p95"]
    rows: list[Sequence[Cell]] = [head]
    for label in (*STAGES, "frame"):
        row: list[Cell] = [label]
        for each in columns.values():
            values = each.frame_ms if label == "frame" else each.stage_ms[label]
            shown = figures(values)
            row += [shown["median_ms"], shown["p95_ms"]]
        rows.append(row)
    return table(rows)
