"""What an interrupted tracking run keeps: its project, beside the output, and how to resume it."""

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from app.cli.options import backend_loader, check_writable, model_settings
from app.cli.prompts_file import ObjectPrompts
from app.cli.signals import ended_by_signals
from app.core.document import Document, Origin, Table
from app.core.errors import ProjectError, UsageError
from app.export.naming import file_stem
from app.session import Session
from app.storage.opening import PROJECT_SUFFIX
from app.tracking.backend import Direction, TrackRequest


@contextmanager
def tracking_project(arguments: argparse.Namespace) -> Iterator[Session]:
    """Open the project of a tracking run, which is deleted when the block ends.

    When the block raises, or a signal ends the process, the project stays if something was
    tracked, also after `kill -9`; nothing else stays.

    Raises:
        UsageError: an earlier run left its project and is not to be resumed.
    """
    out: Path = arguments.out
    project = out / f"{file_stem(arguments.video.stem)}.track{PROJECT_SUFFIX}"
    if project.exists() and not arguments.resume:
        raise UsageError(
            f"{project} holds what an interrupted run tracked.",
            "--resume continues it; delete it to start again.",
        )
    missing = [folder for folder in (out, *out.parents) if not folder.exists()]
    check_writable(out)
    with ended_by_signals():
        is_done, session = False, None
        try:
            loader = backend_loader(model_settings(arguments))
            session = Session.open(arguments.video, loader, project)
            yield session
            is_done = True
        finally:
            has_tracked = session is not None and _has_tracked(session.document)
            if session is not None:
                _close(session, must_be_saved=is_done)
            if has_tracked and not is_done:
                print(
                    f"What was tracked is kept in {project}; --resume continues.", file=sys.stderr
                )
            else:
                project.unlink(missing_ok=True)
                _remove_empty(missing)


def _close(session: Session, must_be_saved: bool) -> None:
    try:
        session.close()
    except ProjectError:  # the same as what ended the run, unless it ended well
        session.abandon()
        if must_be_saved:
            raise


def _has_tracked(document: Document) -> bool:
    return any(row.origin is Origin.TRACKED for row in document.rows(Table.MASKS).values())


def _remove_empty(folders: Iterable[Path]) -> None:
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()


def check_prompts(document: Document, objects: Sequence[ObjectPrompts]) -> None:
    """Check that a project to be resumed was started with these prompts.

    Raises:
        UsageError: it has other objects or prompts.
    """
    given = {each.object_id: each for each in objects}
    for tracked in document.objects:
        each = given.get(tracked.object_id)
        rows = document.of_object(Table.PROMPTS, tracked.object_id)
        if each is None or any(
            frame not in each.prompts
            or (row.points, row.box) != (each.prompts[frame].points, each.prompts[frame].box)
            for frame, row in rows.items()
        ):
            raise UsageError(
                f"The interrupted run has other prompts for {tracked.name}.",
                "Use the same prompts file with --resume.",
            )


def remaining_runs(
    document: Document,
    object_ids: Sequence[int],
    start: int,
    direction: Direction,
    frames: range,
) -> list[tuple[Direction, int]]:
    """Return in which directions, and from which frames, objects are still to be tracked.

    A run that was interrupted resumes from the last mask, which takes the place of the memory that
    was lost.

    Args:
        document: the annotations; each object has its prompts.
        object_ids: the objects, which are tracked together.
        start: frame on which they start.
        direction: which way to propagate.
        frames: the frames that may be tracked.
    """
    ways = [direction]
    if direction is Direction.BOTH:
        ways = [Direction.FORWARD, Direction.BACKWARD]
    reached = {way: _reached(document, object_ids, start, way, frames) for way in ways}
    if all(reached[way][0] == start for way in ways):
        return [(direction, start)]
    return [(way, frame) for way, (frame, is_complete) in reached.items() if not is_complete]


def _reached(
    document: Document, object_ids: Sequence[int], start: int, way: Direction, frames: range
) -> tuple[int, bool]:
    """Return the last frame that was tracked without a gap, and whether none is left."""
    order = list(TrackRequest((), start, frames[0], frames[-1], way).frames)
    last = start
    for frame in order:
        if any(document.mask(each, frame) is None for each in object_ids):
            return last, False
        last = frame
    return last, True
