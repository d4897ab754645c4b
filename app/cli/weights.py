"""Manage model weights: list, download, import and verify them."""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app.cli.options import add_json_option, check_model
from app.cli.progress import Progress
from app.core.errors import ModelError
from app.tracking.model_catalog import MEGABYTE, state_of, store_errors

if TYPE_CHECKING:
    from tinysam2.checkpoints.registry import KnownModel
    from tinysam2.checkpoints.store import ModelStore

COLUMNS = ("name", "family", "parameters", "J&F", "license", "tracks", "state")
ELSEWHERE = "Where there is no network, fetch the file elsewhere and use `tinysam2 weights import`."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command's arguments."""
    actions = parser.add_subparsers(metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="show the known models and what is stored")
    listing.set_defaults(act=_list)
    getting = actions.add_parser("get", help="download the published weights of a model")
    getting.add_argument("name", metavar="NAME", help="a model, as `list` names it")
    getting.set_defaults(act=_get)
    importing = actions.add_parser("import", help="copy a weights file into the store")
    importing.add_argument("file", type=Path, metavar="FILE", help="a .safetensors or .pt file")
    importing.add_argument("--name", help="its model, if its content fits several")
    importing.set_defaults(act=_import)
    verifying = actions.add_parser("verify", help="check stored files for damage")
    verifying.set_defaults(act=_verify)
    for action in (listing, getting, importing, verifying):
        add_json_option(action)
        action.add_argument(
            "--debug", action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )


def run(arguments: argparse.Namespace) -> int:
    """Run the command; returns the exit status."""
    from tinysam2.checkpoints.store import ModelStore

    with store_errors(ELSEWHERE, "Choose one with --name."):
        status: int = arguments.act(arguments, ModelStore())
    return status


def _list(arguments: argparse.Namespace, store: "ModelStore") -> int:
    from tinysam2.checkpoints.registry import MODELS

    rows = [_row(model) for model in MODELS.values()]
    print(json.dumps({"models": rows}) if arguments.json else _table(rows))
    return 0


def _row(model: "KnownModel") -> dict[str, object]:
    state, path = state_of(model.name)
    return {
        **asdict(model),
        "state": state,
        "path": str(path) if path else None,
    }


def _table(rows: list[dict[str, object]]) -> str:
    lines = [COLUMNS, *map(_columns, rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _columns(row: dict[str, object]) -> tuple[str, ...]:
    score = row["davis17_val"]
    return (
        str(row["name"]),
        str(row["family"]),
        f"{int(str(row['parameters'])) / MEGABYTE:.1f} M",
        "-" if score is None else f"{score}",
        str(row["license"]),
        "yes" if row["is_trackable"] else "no",
        str(row["state"]),
    )


def _get(arguments: argparse.Namespace, store: "ModelStore") -> int:
    check_model(arguments.name)
    progress = Progress(f"fetching {arguments.name}", "MB")

    def show(done: int, total: int) -> None:
        size = -(-total // MEGABYTE)
        progress.update(size if done == total else done // MEGABYTE, size)

    path = store.get(arguments.name, show)
    _print_stored(arguments, arguments.name, path)
    return 0


def _import(arguments: argparse.Namespace, store: "ModelStore") -> int:
    if arguments.name is not None:
        check_model(arguments.name)
    stored = store.import_file(arguments.file, arguments.name)
    _print_stored(arguments, stored.model, store.folder / stored.file_name)
    return 0


def _print_stored(arguments: argparse.Namespace, name: str, path: Path) -> None:
    from tinysam2.checkpoints.registry import MODELS

    is_trackable = MODELS[name].is_trackable
    if arguments.json:
        print(json.dumps({"model": name, "path": str(path), "is_trackable": is_trackable}))
        return
    print(f"{name}: {path}")
    if not is_trackable:
        print(f"{name}: segments single images (`tinysam2 propose`) and cannot track")


def _verify(arguments: argparse.Namespace, store: "ModelStore") -> int:
    faults = store.verify()
    if arguments.json:
        print(json.dumps({"models": {name: fault or None for name, fault in faults.items()}}))
    else:
        for name, fault in faults.items():
            print(f"{name}: {fault or 'as it was stored'}")
        if not faults:
            print("no models are stored beside the bundled weights")
    if bad := [name for name, fault in faults.items() if fault]:
        raise ModelError(
            f"{len(bad)} of {len(faults)} stored models are damaged: {', '.join(bad)}.",
            "Fetch or import them again, or delete the files.",
        )
    return 0
