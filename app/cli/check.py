"""Check the data sets of a folder by the rules of their official readers."""

import argparse
import json
from pathlib import Path

from app.cli.options import add_json_option
from app.export.checks.folder import check, data_sets
from app.export.naming import counted


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "path",
        type=Path,
        metavar="DIR",
        help="a DAVIS or YouTube-VOS tree, COCO or YouTube-VIS files, or a folder of these",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit status is 1 if the official reader would fail."""
    found = data_sets(arguments.path)
    kinds = list(dict.fromkeys(kind for kind, _ in found))
    findings = list(check(found))
    errors = sum(finding.is_error for finding in findings)
    if arguments.json:
        rows = [{"path": str(f.path), "reason": f.reason, "is_error": f.is_error} for f in findings]
        print(json.dumps({"kinds": kinds, "findings": rows}))
    else:
        for finding in findings:
            print(f"{finding.path}: {'' if finding.is_error else 'note: '}{finding.reason}")
        notes = len(findings) - errors
        print(f"{', '.join(kinds)}: {counted(errors, 'error')}, {counted(notes, 'note')}")
    return 1 if errors else 0
