"""Import masks of other tools into a project."""

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path

from app.cli.options import add_json_option
from app.cli.progress import report_opening
from app.core.cancel import CancelToken
from app.core.errors import ExportError
from app.export.naming import counted, listed
from app.jobs.import_masks import ImportPlan, ImportRequest, import_job, plan_job
from app.session import Session


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
    session = Session.open(arguments.target, None, arguments.project)
    report_opening(session)
    try:
        plan = _plan(session, request)
        if not arguments.dry_run:
            key = session.history.new_key()
            job = import_job(plan, session.source, key, arguments.update)
            for step in job(CancelToken()):
                session.apply(step)
        project = session.project_path
    finally:
        session.close()
    if arguments.json:
        print(json.dumps(_values(plan, project, arguments)))
    else:
        _show(plan, project, arguments)
    return 0


def _plan(session: Session, request: ImportRequest) -> ImportPlan:
    plan: ImportPlan | None = None
    for step in plan_job(session.document, session.source, request)(CancelToken()):
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
    print(f"project: {project}")
