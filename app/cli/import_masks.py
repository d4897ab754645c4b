"""Import masks of other tools into a project."""

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from app.cli.options import add_json_option
from app.cli.progress import report_opening
from app.core.cancel import CancelToken
from app.core.document import Document
from app.core.errors import ExportError
from app.export.naming import counted, listed
from app.jobs.import_masks import ImportPlan, ImportRequest, import_job, plan_job
from app.media.frames import FrameSource
from app.session import Session
from app.storage.opening import read_any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "target", type=Path, metavar="PROJECT_OR_VIDEO", help="where to import the masks"
    )
    parser.add_argument(
        "masks",
        type=Path,
        help="a folder of label images, a DAVIS, YouTube-VOS or MOTS tree, or a file: COCO, "
        "YouTube-VIS, SA-V, LabelMe, CVAT XML, MOTS text",
    )
    parser.add_argument(
        "--update",
        action="store_true",
        help="replace the masks of objects that have the same number and name "
        "(default: add new objects)",
    )
    parser.add_argument(
        "--video", metavar="NAME", help="which video of a file or tree that holds several"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="only tell what would be imported and replaced"
    )
    parser.add_argument(
        "--project", type=Path, metavar="FILE", help="the project of the video to import into"
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    request = ImportRequest(arguments.masks, arguments.video)
    source, document, project = read_any(arguments.target, arguments.project)
    with closing(source):
        plan = _plan(document, source, request)
    if not arguments.dry_run:
        project = _import(plan, arguments)
    if arguments.json:
        print(json.dumps(_values(plan, project, arguments)))
    else:
        _show(plan, project, arguments)
    return 0


def _import(plan: ImportPlan, arguments: argparse.Namespace) -> Path:
    """Import what was planned; returns the project, which is created if the video has none."""
    session = Session.open(arguments.target, None, arguments.project)
    report_opening(session)
    try:
        key = session.history.new_key()
        for step in import_job(plan, session.source, key, arguments.update)(CancelToken()):
            session.apply(step)
        return session.project_path
    finally:
        session.close()


def _plan(document: Document, source: FrameSource, request: ImportRequest) -> ImportPlan:
    plan: ImportPlan | None = None
    for step in plan_job(document, source, request)(CancelToken()):
        plan = step
    if plan is None:
        raise ExportError(f"{request.path} has no mask that shows anything.")
    return plan


def _values(plan: ImportPlan, project: Path, arguments: argparse.Namespace) -> dict[str, object]:
    return {
        "format": plan.format,
        "objects": [asdict(each) for each in plan.objects],
        "matched_frames": plan.matched_frames,
        "missed_frames": list(plan.missed_frames),
        "notes": list(plan.notes),
        "project": str(project),
        "is_dry_run": arguments.dry_run,
        "is_update": arguments.update,
    }


def _show(plan: ImportPlan, project: Path, arguments: argparse.Namespace) -> None:
    verb = "would be imported" if arguments.dry_run else "imported"
    print(f"{plan.format}: {counted(plan.matched_frames, 'frame')} {verb}")
    for each in plan.objects:
        becomes = "new"
        if arguments.update and each.object_id is not None:
            becomes = f"object {each.object_id}, {each.replaced} replaced"
            becomes += f", {each.kept} kept (locked or verified)" if each.kept else ""
        print(f"  {each.name} ({each.category}): {counted(each.mask_count, 'mask')}, {becomes}")
    if plan.missed_frames:
        count = counted(len(plan.missed_frames), "frame")
        names = listed(plan.missed_frames)
        print(f"left out, since not in the video: {count} ({names})", file=sys.stderr)
    for note in plan.notes:
        print(note, file=sys.stderr)
    print(f"project: {project}{'' if project.exists() else ' (would be created)'}")
