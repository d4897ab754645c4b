"""Tracks a long synthetic video and watches the memory of the process."""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from app.cli.bench.machine import describe_machine, machine_line, peak_rss_mb, rss_mb
from app.cli.bench.settings import (
    BenchSettings,
    describe,
    describe_line,
    load_backend,
    torch_threads,
)
from app.cli.bench.tables import figures
from app.cli.bench.tracking import prompt_objects, tracked
from app.cli.progress import Progress
from app.core.errors import UsageError
from app.media.frames import Pixels
from app.media.writer import VideoEncoding, video_writer
from app.session import Session

if TYPE_CHECKING:
    from app.tracking.tinysam2_backend import TinySam2Backend

SIZE_HW = (1080, 1920)
RADIUS_PX = 150
ORBIT_PX = 220
ORBIT_FRAMES = 250
"""Frames in which the disk returns to where it was."""
DRIFT_PX = 3
"""How far the background moves from frame to frame."""
SETTLED_FRAME = 200
"""By this frame the caches are full and the memory bank has its size."""
SAMPLES = 100
FAST_H264 = VideoEncoding("mp4", "libx264", "yuv420p", {"preset": "ultrafast", "crf": "28"})


@dataclass(slots=True)
class LongRun:
    """What a long run took.

    Attributes:
        frame_ms: of each frame.
        rss: (frame, MiB of resident memory), ascending; empty where the system does not tell.
        project_mb: size of the project at the end, MiB.
        reopen_s: seconds to open the project again.
    """

    frame_ms: list[float] = field(default_factory=list)
    rss: list[tuple[int, float]] = field(default_factory=list)
    project_mb: float = 0.0
    reopen_s: float = 0.0

    @property
    def settled(self) -> list[tuple[int, float]]:
        """The samples of ``rss`` from `SETTLED_FRAME` on."""
        return [sample for sample in self.rss if sample[0] >= SETTLED_FRAME]

    @property
    def growth_mb_per_1000(self) -> float | None:
        """MiB that each thousand frames add, by least squares; None with under two samples."""
        if len(self.settled) < 2:
            return None
        frames, held = np.array(self.settled).T
        return round(float(np.polyfit(frames, held, 1)[0]) * 1000, 2)

    def as_json(self) -> dict[str, object]:
        """Return all figures."""
        tenth = max(1, len(self.frame_ms) // 10)
        return {
            "frames": len(self.frame_ms),
            "frame": figures(self.frame_ms),
            "frame_first_tenth": figures(self.frame_ms[:tenth]),
            "frame_last_tenth": figures(self.frame_ms[-tenth:]),
            "rss_mb": [[frame, round(held, 1)] for frame, held in self.rss],
            "rss_growth_mb_per_1000_frames": self.growth_mb_per_1000,
            "peak_rss_mb": peak_rss_mb(),
            "project_mb": round(self.project_mb, 2),
            "reopen_s": round(self.reopen_s, 3),
        }


def run(arguments: argparse.Namespace) -> int:
    """Measure a long video; returns the exit status."""
    if arguments.long < 2:
        raise UsageError(f"--long must be at least 2, got {arguments.long}.")
    settings, machine = BenchSettings.of(arguments), describe_machine()
    backend = load_backend(settings)
    with (
        torch_threads(settings.threads) as threads,
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
    ):
        video = Path(folder) / "long.mp4"
        write_video(video, arguments.long)
        found = measure(video, backend, settings.objects)
        described = describe(settings, backend, threads)
    if arguments.json:
        print(json.dumps({"machine": machine, "setting": described, **found.as_json()}))
    else:
        print(machine_line(machine))
        print(describe_line(described))
        print("\n".join(_text(found)))
    return 0


def write_video(path: Path, frames: int, size_hw: tuple[int, int] = SIZE_HW) -> None:
    """Write a video of a disk that circles over a background that moves along."""
    progress = Progress("writing the video")
    with video_writer(path, Fraction(25), FAST_H264) as add:
        for done, frame in enumerate(synthetic_frames(frames, size_hw), 1):
            add(frame)
            progress.update(done, frames)


def synthetic_frames(count: int, size_hw: tuple[int, int] = SIZE_HW) -> Iterator[Pixels]:
    """Yield (H, W, 3) RGB frames; the disk is in the center of the first one."""
    height, width = size_hw
    scale = height / SIZE_HW[0]
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    waves = [np.sin(columns * 2 * np.pi / (width / n) + rows / (40 * scale)) for n in (3, 5, 8)]
    background = (110 + 50 * np.stack(waves, 2)).astype(np.uint8)
    color, radius = np.array([230, 60, 40], np.uint8), RADIUS_PX * scale
    for number in range(count):
        frame = np.roll(background, DRIFT_PX * number, axis=1)
        angle = 2 * np.pi * number / ORBIT_FRAMES
        x = width / 2 + ORBIT_PX * scale * np.sin(angle)
        y = height / 2 + ORBIT_PX * scale * (1 - np.cos(angle)) / 2
        top, left = int(y - radius), int(x - radius)
        box = np.s_[top : int(y + radius) + 1, left : int(x + radius) + 1]
        is_disk = (rows[box] - y) ** 2 + (columns[box] - x) ** 2 <= radius**2
        frame[box][is_disk] = color
        yield frame


def measure(video: Path, backend: "TinySam2Backend", objects: int) -> LongRun:
    """Track a video to its end in a project beside it, and open the project again."""
    found, project = LongRun(), video.with_name("long.tsam")
    session = Session.open(video, lambda: backend, project)
    try:
        prompt_objects(session, objects)
        total = session.num_frames
        progress, pause = Progress("tracking"), max(1, total // SAMPLES)
        for done, elapsed_ms in enumerate(tracked(session, total), 1):
            progress.update(done, total)
            found.frame_ms.append(elapsed_ms)
            if done % pause == 0 and (held := rss_mb()) is not None:
                found.rss.append((done, held))
    finally:
        session.close()
    found.project_mb = project.stat().st_size / (1 << 20)
    start_s = time.perf_counter()
    session = Session.open(project, lambda: backend)
    found.reopen_s = time.perf_counter() - start_s
    session.close()
    return found


def _text(found: LongRun) -> Iterator[str]:
    shown = figures(found.frame_ms)
    yield (
        f"{len(found.frame_ms):,} frames, {shown['median_ms']:.0f} ms each (p95 "
        f"{shown['p95_ms']:.0f})"
    )
    if found.rss:
        yield f"resident memory at frame {_series(found.rss)} MiB"
    if found.growth_mb_per_1000 is not None:
        yield (
            f"after frame {SETTLED_FRAME} it grows by {found.growth_mb_per_1000:.1f} MiB per "
            "1,000 frames"
        )
    yield (f"the project has {found.project_mb:.1f} MiB and opens again in {found.reopen_s:.2f} s")


def _series(samples: Sequence[tuple[int, float]]) -> str:
    shown = [samples[i] for i in np.linspace(0, len(samples) - 1, min(6, len(samples)), dtype=int)]
    return ", ".join(f"{frame:,}: {held:.0f}" for frame, held in shown)
