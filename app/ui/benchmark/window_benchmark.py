"""Drives the real window and measures how long a person waits for it."""

import random
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.core import edits
from app.core.document import Table
from app.core.errors import SourceError, UsageError
from app.session import Session
from app.storage.project_file import ProjectFile
from app.tracking.backend import Direction, TrackerBackend
from app.ui.application import make_application, make_window
from app.ui.benchmark.event_wait import EventWait
from app.ui.benchmark.long_document import PlainSource, long_document
from app.ui.benchmark.measurement import BenchmarkPlan, Measurement
from app.ui.benchmark.start_up import start_up_ms
from app.ui.benchmark.window_use import WindowUse, click_center
from app.ui.jobs.heartbeat import Heartbeat
from app.ui.jobs.interpreter import responsive_interpreter
from app.ui.window.main_window import MainWindow
from app.ui.window.workspace import Workspace

SEED = 0


def measure_window(
    video: Path, backend: TrackerBackend, plan: BenchmarkPlan
) -> Iterator[Measurement]:
    """Open the window on a video, use it as a person would, and close it.

    Settings and projects are those of the home folder; the caller chooses one that may change.

    Args:
        video: a video or frame folder of at least two frames.
        backend: the model, loaded.
        plan: how often each thing is measured.

    Yields:
        One measurement after the other.

    Raises:
        AppError: the video cannot be opened, it is too short, or a job failed.
    """
    starts = tuple(start_up_ms() for _ in range(plan.starts))
    yield Measurement("start", "start the program, to a painted window", starts)
    with responsive_interpreter():
        window = make_window(make_application(), None, lambda settings: backend)
        try:
            window.show()
            yield from _WindowBenchmark(window, plan).run(video)
        finally:
            EventWait().until(window.closed, window.close)
            window.preferences.flush()  # the caller may delete the folder
            window.deleteLater()


class _WindowBenchmark:
    """The measurements, in the order in which a person would meet what they measure."""

    def __init__(self, window: MainWindow, plan: BenchmarkPlan) -> None:
        self._window = window
        self._plan = plan
        self._random = random.Random(SEED)
        self._wait = EventWait()
        for jobs in (window.model_jobs, window.file_jobs):
            jobs.failed.connect(self._wait.fail)

    def run(self, video: Path) -> Iterator[Measurement]:
        yield Measurement("open", "open a video, to its first frame", (self._open(video),))
        workspace = self._window.workspace
        workspace.loader.failed.connect(lambda frame, text: self._wait.fail(SourceError(text)))
        frame_count = workspace.session.num_frames
        if frame_count < 2:
            raise UsageError(f"{video.name} has one frame only.", "Name a longer video.")
        self._click(workspace)  # the first pass through a network is slower than all others
        self._undo_all(workspace)
        yield from self._seek_frames(workspace)
        yield from self._click_frames(workspace)
        yield from self._track(workspace)
        yield from self._paint_long_document()

    def _open(self, video: Path) -> float:
        start_s = time.perf_counter()
        opener = self._window.opener
        self._wait.until(opener.opened, lambda: self._window.open_path(video))
        workspace = self._window.workspace
        self._wait.until(workspace.loader.loaded, lambda: None)
        workspace.canvas.repaint()
        return _since(start_s)

    def _show(self, workspace: Workspace, frame: int) -> float:
        """Go to a frame, and return the milliseconds until it was painted."""
        start_s = time.perf_counter()
        if workspace.view.frame != frame:
            self._wait.until(
                workspace.loader.loaded,
                lambda: workspace.navigator.go(frame),
                lambda loaded, pixels: loaded == frame,
            )
        workspace.canvas.repaint()
        return _since(start_s)

    def _seek(self, workspace: Workspace, count: int) -> tuple[float, ...]:
        return tuple(self._show(workspace, frame) for frame in self._chosen(workspace, count))

    def _chosen(self, workspace: Workspace, count: int) -> list[int]:
        """Choose frames at random, at most one less than the video has."""
        frames = [f for f in range(workspace.session.num_frames) if f != workspace.view.frame]
        return self._random.sample(frames, min(count, len(frames)))

    def _seek_frames(self, workspace: Workspace) -> Iterator[Measurement]:
        """Seek, and tell apart when a frame is displayed at all and when exactly."""
        displayed_s: dict[int, float] = {}

        def note(frame: int, _pixels: object) -> None:
            workspace.canvas.repaint()
            displayed_s.setdefault(frame, time.perf_counter())

        signals = workspace.loader.previewed, workspace.loader.loaded
        connections = [signal.connect(note) for signal in signals]
        exact_ms, first_ms = [], []
        for frame in self._chosen(workspace, self._plan.seeks):
            displayed_s.clear()
            start_s = time.perf_counter()
            exact_ms.append(self._show(workspace, frame))
            first_ms.append((displayed_s[frame] - start_s) * 1000)
        for signal, connection in zip(signals, connections, strict=True):
            signal.disconnect(connection)
        yield Measurement("seek", "seek to a random frame", tuple(exact_ms))
        yield Measurement("seek_shown", "the same, to a preview or the frame", tuple(first_ms))

    def _click(self, workspace: Workspace) -> float:
        """Click the center of the frame, and return the milliseconds until its mask was painted."""
        canvas = workspace.canvas
        start_s = time.perf_counter()
        self._wait.until(
            workspace.bridge.changed,
            lambda: click_center(canvas, workspace.session.size_hw),
            lambda rows: Table.MASKS in rows,
        )
        canvas.repaint()
        return _since(start_s)

    def _undo_all(self, workspace: Workspace) -> None:
        while workspace.session.history.undo_label is not None:
            workspace.session.undo()

    def _click_frames(self, workspace: Workspace) -> Iterator[Measurement]:
        """Click frames right after they are displayed, and again once their features exist."""
        first, later = [], []
        for _ in range(self._plan.clicks):
            self._seek(workspace, 1)
            first.append(self._click(workspace))
            self._undo_all(workspace)
            later.append(self._click(workspace))
            self._undo_all(workspace)
        yield Measurement("first_click", "click to mask, on a frame just displayed", tuple(first))
        yield Measurement("click", "click to mask, on a frame already encoded", tuple(later))

    def _track(self, workspace: Workspace) -> Iterator[Measurement]:
        """Track a click from the first frame, twice, and watch the event loop meanwhile."""
        last = min(self._plan.tracked, workspace.session.num_frames) - 1
        session = workspace.session
        session.execute(edits.set_range(session.document, 0, last))
        self._show(workspace, 0)
        self._click(workspace)
        heartbeat = Heartbeat(self._window)
        duration_ms = self._track_once(workspace, heartbeat)
        yield Measurement("track", "track a frame, mean", (duration_ms / (last + 1),))
        yield from _gaps(heartbeat, "gap", "while tracking")
        self._show(workspace, 0)
        use = WindowUse(self._window, self._random)
        use.start()
        self._track_once(workspace, heartbeat)
        use.stop()
        yield from _gaps(heartbeat, "use_gap", "while tracking and in use")
        self._undo_all(workspace)

    def _track_once(self, workspace: Workspace, heartbeat: Heartbeat) -> float:
        """Track forward, and return the milliseconds that it took."""
        tracking = workspace.tracking
        start_s = time.perf_counter()
        heartbeat.start()
        self._wait.until(tracking.run_ended, lambda: tracking.track(Direction.FORWARD))
        heartbeat.stop()
        return _since(start_s)

    def _paint_long_document(self) -> Iterator[Measurement]:
        with self._long_workspace() as workspace:
            canvas_ms, timeline_ms = [], []
            for _ in range(self._plan.repaints):
                self._seek(workspace, 1)
                canvas_ms.append(_repaint_ms(workspace.canvas))
                timeline_ms.append(_repaint_ms(workspace.timeline.viewport()))
        length = f"of {self._plan.long_frames:,} frames"
        yield Measurement("canvas", f"repaint the canvas {length}", tuple(canvas_ms))
        yield Measurement("timeline", f"repaint the timeline {length}", tuple(timeline_ms))

    @contextmanager
    def _long_workspace(self) -> Iterator[Workspace]:
        """Show the synthetic document in an editor of its own, as large as the window's."""
        window, frames = self._window, self._plan.long_frames
        with tempfile.TemporaryDirectory() as folder:
            file = ProjectFile.create(Path(folder) / "long.tsam", {})
            session = Session(PlainSource(frames), long_document(frames), file, window.model.load)
            workspace = Workspace(
                session, window.model_jobs, window.preferences, window.keymap, window
            )
            workspace.changed.connect(window.refresh_actions)
            try:
                workspace.editor.resize(window.size())
                self._wait.until(workspace.loader.loaded, workspace.editor.show)
                yield workspace
            finally:
                workspace.editor.hide()
                workspace.tear_down()
                session.close()


def _gaps(heartbeat: Heartbeat, name: str, when: str) -> Iterator[Measurement]:
    label = f"longest gap of the event loop {when}"
    yield Measurement(name, label, (heartbeat.longest_ms,))
    label = f"most processor time of the GUI thread between two beats {when}"
    yield Measurement(f"{name}_cpu", label, (heartbeat.longest_busy_ms,))


def _repaint_ms(widget: QWidget) -> float:
    start_s = time.perf_counter()
    widget.repaint()
    return _since(start_s)


def _since(start_s: float) -> float:
    return (time.perf_counter() - start_s) * 1000
