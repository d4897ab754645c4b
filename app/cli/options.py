"""Options that several commands share, and the parsing of their values."""

import argparse
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

from app.core.atomic_write import atomic_write
from app.core.errors import ExportError, ModelError, UsageError
from app.core.settings import BUNDLED_MODEL, ENGINES, PRECISIONS, ModelSettings
from app.tracking import model_catalog
from app.tracking.backend import BackendLoader


def add_weights_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the model, its weights and the size of its input."""
    parser.add_argument("--model", default=BUNDLED_MODEL, metavar="NAME", help="model to use")
    parser.add_argument("--checkpoint", type=Path, metavar="FILE", help="weights of the model")
    parser.add_argument(
        "--size",
        type=_pixels,
        metavar="N",
        help="input size in pixels: side of a square with the area of the model's input",
    )


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that choose the model and its device."""
    add_weights_options(parser)
    parser.add_argument(
        "--device", default="auto", help="auto, cpu, cuda, cuda:1, mps (default: auto)"
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        default="auto",
        help="what runs the network on the processor (default: auto, the faster, measured once)",
    )
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="of the network (default: auto, the fastest that is sound on the device)",
    )


def add_range_option(parser: argparse.ArgumentParser) -> None:
    """Add the option that chooses a range of frames."""
    parser.add_argument(
        "--range", metavar="A:B", help="only frames A to B, both included; either may be left out"
    )


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add the option for machine-readable results."""
    parser.add_argument("--json", action="store_true", help="print one JSON document on stdout")


def model_settings(arguments: argparse.Namespace) -> ModelSettings:
    """Return the chosen model settings, with defaults for missing options.

    Raises:
        UsageError: there is no such model.
        ModelError: there is no such weights file.
    """
    name, checkpoint = arguments.model or BUNDLED_MODEL, arguments.checkpoint
    if name != BUNDLED_MODEL:
        check_model(name)
    if checkpoint is not None and not checkpoint.is_file():
        raise ModelError(f"There is no weights file at {checkpoint}.", "Check its path.")
    device, engine = arguments.device or "auto", arguments.engine or "auto"
    precision = arguments.precision or "auto"
    return ModelSettings(
        name, checkpoint, device, arguments.size, engine=engine, precision=precision
    )


def chosen_model(arguments: argparse.Namespace) -> ModelSettings | None:
    """Return the chosen model settings; None when no model option was given.

    For parsers whose model options have no defaults.

    Raises:
        UsageError, ModelError: as `model_settings` does.
    """
    options = ("model", "checkpoint", "device", "size", "engine", "precision")
    is_chosen = any(getattr(arguments, name) is not None for name in options)
    return model_settings(arguments) if is_chosen else None


def check_model(name: str) -> None:
    """Check that a model of this name is known.

    Raises:
        UsageError: there is none.
    """
    if name not in (names := model_catalog.known_models()):
        raise UsageError(f"There is no model {name!r}.", f"Choose from {', '.join(names)}.")


def backend_loader(settings: ModelSettings) -> BackendLoader:
    """Return a function that loads the model; called by the first job that needs it."""
    return partial(model_catalog.load_model, settings)


def chosen_frames(text: str | None, frame_count: int) -> range:
    """Parse ``A:B`` as frames A to B, both included.

    Raises:
        UsageError: it is not a range of the video's frames.
    """
    first_text, colon, last_text = (text or ":").partition(":")
    try:
        first, last = int(first_text or 0), int(last_text or frame_count - 1)
    except ValueError:
        colon = ""
    if not colon:
        raise UsageError(f"--range must be A:B in whole frame numbers, got {text!r}.")
    if last < first:
        raise UsageError(f"--range {text} ends before it begins.")
    if first < 0 or last >= frame_count:
        raise UsageError(
            f"--range {text} is not in the video, which has the frames 0 to {frame_count - 1}."
        )
    return range(first, last + 1)


def check_writable(folder: Path) -> None:
    """Check that a folder can be written to or created, before hours of work; leaves no trace.

    Raises:
        ExportError: it cannot.
    """
    place = next(place for place in (folder, *folder.resolve().parents) if place.exists())
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        raise ExportError(
            f"{folder} cannot be written: {error.strerror or error}.", "Choose another folder."
        ) from error


def check_file_writable(path: Path) -> None:
    """Check that a file can be written or created, before hours of work; leaves no trace.

    Raises:
        ExportError: it cannot.
    """
    if path.is_dir():
        raise ExportError(f"{path} cannot be written: it is a folder.", "Name a file.")
    check_writable(path.parent)


def write_json(path: Path, content: dict[str, Any]) -> None:
    """Write a JSON file that appears only when it is complete.

    Raises:
        ExportError: it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_write(path) as partial_path:
            partial_path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    except OSError as error:
        raise ExportError(f"{path} cannot be written: {error.strerror or error}.") from error


def _pixels(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"must be a whole number greater than 0, got {text!r}")
    return int(text)
