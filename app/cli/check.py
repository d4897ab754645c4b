"""Check a data set folder by the rules of its official reader."""

import argparse
import json
from pathlib import Path

from app.cli.options import add_json_option
from app.export.checks.folder import check, kind_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    parser.add_argument(
        "path",
        type=Path,
        metavar="DIR",
        help="a DAVIS or YouTube-VOS tree, or a folder or file of COCO or YouTube-VIS",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """Run the command; the exit status is 1 if the official reader would fail."""
    kind, findings = kind_of(arguments.path), list(check(arguments.path))
    errors = sum(finding.is_error for finding in findings)
    if arguments.json:
        rows = [{"path": str(f.path), "reason": f.reason, "is_error": f.is_error} for f in findings]
        print(json.dumps({"kind": kind, "findings": rows}))
    else:
        for finding in findings:
            print(f"{finding.path}: {'' if finding.is_error else 'note: '}{finding.reason}")
        notes = len(findings) - errors
        print(f"{kind}: {_count(errors, 'error')}, {_count(notes, 'note')}")
    return 1 if errors else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
