"""Check the data sets of a folder by the rules of their official readers."""

import argparse
import json
from pathlib import Path

from app.cli.options import add_json_option
from app.export.checks.folder import check, data_sets


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
        print(f"{', '.join(kinds)}: {_count(errors, 'error')}, {_count(notes, 'note')}")
    return 1 if errors else 0


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
