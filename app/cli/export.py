"""Export the masks of a saved project in the formats of other tools."""

import argparse
import json
from pathlib import Path

from app.cli.options import (
    add_format_option,
    add_json_option,
    add_range_option,
    chosen_formats,
    chosen_frames,
)
from app.core.errors import UsageError
from app.export.registry import ExportReport, export
from app.session import Session
from app.storage.opening import PROJECT_SUFFIX


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument("project", type=Path, help=f"a project file (*{PROJECT_SUFFIX})")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder to write to")
    add_format_option(parser, "davis")
    add_range_option(parser)
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    formats = chosen_formats(arguments.format)
    if arguments.project.suffix.lower() != PROJECT_SUFFIX:
        raise UsageError(f"{arguments.project} is not a project file (*{PROJECT_SUFFIX}).")
    session = Session.open(arguments.project)
    try:
        frames = chosen_frames(arguments.range, session.num_frames) if arguments.range else None
        reports = export_all(session, formats, arguments.out, frames)
    finally:
        session.close()
    show_reports(reports, as_json=arguments.json)
    return 0


def export_all(
    session: Session, formats: list[str], out: Path, frames: range | None
) -> dict[str, ExportReport]:
    """Export in several formats; ``frames`` None takes the in/out range."""
    return {name: export(session.document, session.source, name, out, frames) for name in formats}


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
