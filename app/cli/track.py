"""Track the objects of a prompts file through a video and write their masks."""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path

from app.cli.export import check_export, export_all, report_values, show_reports
from app.cli.export_options import (
    add_export_options,
    add_format_option,
    chosen_formats,
    export_options,
    stepped,
)
from app.cli.options import (
    add_json_option,
    add_model_options,
    add_range_option,
    check_file_writable,
    check_writable,
    chosen_frames,
    write_json,
)
from app.cli.parent_watch import end_when_stdin_closes
from app.cli.progress import Progress
from app.cli.prompts_file import ObjectPrompts, read_prompts
from app.cli.resuming import check_prompts, remaining_runs, tracking_project
from app.core import edits
from app.core.cancel import CancelToken
from app.core.document import FrameMask, Origin
from app.core.errors import SourceError, UsageError
from app.core.masks import RleMask
from app.export.memory_report import memory_report
from app.jobs.predict import segment_job, track_job
from app.jobs.verify import IndexStatus, VerifyStep, verify_job
from app.media.remote import source_path
from app.session import Session
from app.storage.opening import PROJECT_SUFFIX
from app.tracking.backend import Direction, TrackRequest
from app.tracking.requests import segment_request, track_request


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("video", type=source_path, help="a video, its URL, or a folder of frames")
    parser.add_argument(
        "--prompts",
        type=Path,
        required=True,
        metavar="FILE",
        help="the objects to track and their prompts (JSON)",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_format_option(parser, "davis")
    add_model_options(parser)
    add_range_option(parser)
    add_export_options(parser)
    parser.add_argument(
        "--direction",
        choices=[direction.value for direction in Direction],
        default=Direction.FORWARD.value,
        help="from the first prompt of each object forward, from its last one backward, or both "
        "ways from the first (default: forward)",
    )
    parser.add_argument(
        "--no-overlap", action="store_true", help="assign each pixel to one object at most"
    )
    parser.add_argument(
        "--memory-report", type=Path, metavar="FILE", help="the memory decisions (JSON)"
    )
    parser.add_argument(
        "--resume", action="store_true", help="continue a run that was interrupted or killed"
    )
    parser.add_argument(
        "--no-check",
        action="store_true",
        help="do not decode the whole video first to check its frame numbers",
    )
    parser.add_argument("--until-stdin-closes", action="store_true", help=argparse.SUPPRESS)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    if arguments.until_stdin_closes:
        end_when_stdin_closes()
    formats, options = chosen_formats(arguments.format), export_options(arguments)
    if arguments.video.suffix.lower() == PROJECT_SUFFIX:
        raise UsageError(f"{arguments.video} is a project.", "Name its video instead.")
    with tracking_project(arguments) as session:
        frames, objects = _check_request(session, arguments)
        stepped(frames, arguments)  # a wrong step shows now
        check_export(session, formats, arguments.out, options)
        model = session.jobs.backend.description  # loads it: errors show now, not after hours
        if not arguments.no_check:
            _check_video(session)
            frames, objects = _check_request(session, arguments)  # there may be fewer frames
        print(f"model: {model.name} on {model.device}", file=sys.stderr)
        session.execute(edits.set_exclusive(session.document, arguments.no_overlap))
        done = track_objects(session, objects, Direction(arguments.direction), frames)
        reports = export_all(session, formats, arguments.out, stepped(frames, arguments), options)
        if arguments.memory_report:
            write_json(arguments.memory_report, memory_report(session.document, frames))
    if arguments.json:
        print(json.dumps({**asdict(done), "exports": report_values(reports)}))
        return 0
    show_reports(reports, as_json=False)
    if arguments.memory_report:
        print(f"memory report: {arguments.memory_report}")
    return 0


def _check_request(
    session: Session, arguments: argparse.Namespace
) -> tuple[range, list[ObjectPrompts]]:
    frames = chosen_frames(arguments.range, session.num_frames)
    objects = read_prompts(arguments.prompts, session.num_frames, session.size_hw)
    ids = frozenset(each.object_id for each in objects)
    if unknown := sorted((export_options(arguments).object_ids or ids) - ids):
        raise UsageError(f"{arguments.prompts} has no object {unknown[0]}.", "See --objects.")
    _starts(objects, Direction(arguments.direction), frames)
    check_writable(arguments.out)
    if arguments.memory_report:
        check_file_writable(arguments.memory_report)
    return frames, objects


def _check_video(session: Session) -> None:
    progress = Progress("checking frames")
    for step in verify_job(session.source)(CancelToken()):
        session.apply(step)
        if not isinstance(step, VerifyStep):
            continue
        progress.update(step.frames_done, step.frames_total)
        if step.result is not None and step.result.sentence:
            if step.result.status is IndexStatus.UNSAFE:
                raise SourceError(step.result.sentence, "Use --no-check to track it nevertheless.")
            is_renumbered = step.result.status is IndexStatus.ADOPTED
            consequence = " Frames are numbered by what can be decoded." if is_renumbered else ""
            print(f"{step.result.sentence}{consequence}", file=sys.stderr)


@dataclass(frozen=True, slots=True)
class TrackingRun:
    """Statistics of a tracking run; ``input_size`` in pixels."""

    frames: int
    seconds: float
    model: str
    device: str
    input_size: int


def track_objects(
    session: Session, objects: Iterable[ObjectPrompts], direction: Direction, frames: range
) -> TrackingRun:
    """Prompt each object, then track them, as a user of the window does.

    Objects that start on the same frame are tracked together.  What the project has already is not
    predicted again; tracking resumes from the last mask.

    Args:
        session: an open project; the objects are added with their masks.
        objects: the objects and their prompts.
        direction: which way to propagate.
        frames: the frames that may be tracked, without gaps.

    Raises:
        UsageError: an object has no prompt in the range, or the project has other prompts.
    """
    objects = list(objects)
    starts = _starts(objects, direction, frames)
    check_prompts(session.document, objects)
    for each in objects:
        _prompt(session, each)
    if session.document.is_exclusive:
        _separate_prompts(session, objects)
    runs = [
        (way, frame, ids)
        for start, ids in starts.items()
        for way, frame in remaining_runs(session.document, ids, start, direction, frames)
    ]
    total = sum(_tracked_count(frame, way, frames) for way, frame, _ in runs)
    done, progress = count(1), Progress("tracking")
    for way, frame, ids in runs:
        request = track_request(
            session.document, session.num_frames, way, frame, ids, frames[0], frames[-1]
        )
        for step in track_job(session.jobs, request, session.history.new_key())(CancelToken()):
            session.apply(step)
            progress.update(next(done), total)
    model, seconds = session.jobs.backend.description, round(progress.elapsed_s, 3)
    return TrackingRun(total, seconds, model.name, model.device, model.input_size)


def _starts(
    objects: Iterable[ObjectPrompts], direction: Direction, frames: range
) -> dict[int, list[int]]:
    starts: dict[int, list[int]] = {}
    for each in objects:
        inside = [frame for frame in each.prompts if frame in frames]
        if not inside:
            raise UsageError(
                f"Object {each.object_id} has no prompt on the frames {frames[0]} to {frames[-1]}.",
                "Widen --range or prompt a frame in it.",
            )
        start = max(inside) if direction is Direction.BACKWARD else min(inside)
        starts.setdefault(start, []).append(each.object_id)
    return starts


def _tracked_count(start: int, direction: Direction, frames: range) -> int:
    return len(TrackRequest((), start, frames[0], frames[-1], direction).frames)


def _separate_prompts(session: Session, objects: Iterable[ObjectPrompts]) -> None:
    """Leave each pixel of prompted frames to the first of the objects that have it."""
    document = session.document
    taken: defaultdict[int, RleMask] = defaultdict(lambda: RleMask.empty(session.size_hw))
    separated: dict[tuple[int, int], FrameMask | None] = {}
    for each in objects:
        for frame in each.prompts:
            row = document.mask(each.object_id, frame)
            if row is not None:
                free = replace(row, mask=row.mask - taken[frame])
                separated[each.object_id, frame] = free
                taken[frame] |= free.mask
    session.execute(edits.set_masks(document, separated, "Prevent overlaps"))


def _prompt(session: Session, given: ObjectPrompts) -> None:
    document, object_id = session.document, given.object_id
    if document.find(object_id) is None:
        session.execute(edits.add_object(document, given.name, given.category, object_id))
    for frame, prompts in given.prompts.items():
        if document.mask(object_id, frame) is not None:
            continue  # an interrupted run predicted it
        if prompts.mask is not None:
            edit = edits.draw_mask(document, object_id, frame, prompts.mask, Origin.PROMPT)
            session.execute(edit)
            continue
        session.execute(edits.set_prompts(document, object_id, frame, prompts))
        request = segment_request(document, object_id, frame)
        key = session.history.new_key()
        for step in segment_job(session.jobs, object_id, request, key)(CancelToken()):
            session.apply(step)
