"""Export the masks of a saved project in the formats of other tools."""

import argparse
import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from app.cli.export_options import (
    add_export_options,
    add_format_option,
    chosen_formats,
    export_options,
    stepped,
)
from app.cli.options import add_json_option, add_range_option, chosen_frames
from app.cli.progress import Progress, report_opening
from app.core.errors import ExportError, UsageError
from app.export.registry import ExportProgress, ExportReport, check_targets, export
from app.export.selection import ExportOptions, Selection
from app.session import Session
from app.storage.opening import PROJECT_SUFFIX


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("project", type=Path, help=f"a project file (*{PROJECT_SUFFIX})")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_format_option(parser, "davis")
    add_range_option(parser)
    add_export_options(parser)
    parser.add_argument("--verified", action="store_true", help="only masks that were verified")
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    formats, options = chosen_formats(arguments.format), export_options(arguments)
    if arguments.project.suffix.lower() != PROJECT_SUFFIX:
        raise UsageError(f"{arguments.project} is not a project file (*{PROJECT_SUFFIX}).")
    session = Session.open(arguments.project)
    report_opening(session)
    try:
        first, last = session.document.frame_range
        frames = range(first or 0, session.num_frames if last is None else last + 1)
        if arguments.range:
            frames = chosen_frames(arguments.range, session.num_frames)
        frames = stepped(frames, arguments)
        reports = export_all(session, formats, arguments.out, frames, options)
    finally:
        session.close()
    show_reports(reports, as_json=arguments.json)
    return 0


def check_export(
    session: Session, formats: Sequence[str], out: Path, options: ExportOptions
) -> None:
    """Check, before hours of work, that the exports will not be refused.

    Raises:
        ExportError: there are earlier exports of the same name.
    """
    name = Selection(session.document, session.source, range(1), options).name
    try:
        check_targets(formats, out, name, options.existing)
    except ExportError as error:
        hint = "--overwrite replaces an earlier export, --new-name finds another name."
        raise ExportError(error.sentence, hint) from error


def export_all(
    session: Session,
    formats: Sequence[str],
    out: Path,
    frames: range,
    options: ExportOptions | None = None,
) -> dict[str, ExportReport]:
    """Export in several formats; the default options if None."""
    chosen = options or ExportOptions()
    check_export(session, formats, out, chosen)
    reports = {}
    for name in formats:
        progress = Progress(f"exporting {name}")
        reports[name] = export(
            session.document,
            session.source,
            name,
            out,
            frames,
            chosen,
            partial(_show, progress),
        )
    return reports


def _show(progress: Progress, step: ExportProgress) -> None:
    progress.update(step.done, step.total)


def report_values(reports: dict[str, ExportReport]) -> dict[str, object]:
    """Return export reports as JSON values."""
    return {
        name: {"paths": list(map(str, report.paths)), "warnings": list(report.warnings)}
        for name, report in reports.items()
    }


def show_reports(reports: dict[str, ExportReport], as_json: bool) -> None:
    """Print the exported paths and the warnings."""
    if as_json:
        print(json.dumps({"exports": report_values(reports)}))
        return
    for name, report in reports.items():
        for path in report.paths:
            print(f"{name}: {path}")
        for warning in report.warnings:
            print(f"{name}: warning: {warning}")
