"""Options of the commands that export masks, and the parsing of their values."""

import argparse

from app.core.errors import UsageError
from app.export.registry import FORMATS
from app.export.selection import MAX_SCALE, MIN_SCALE, Existing, ExportOptions


def add_format_option(parser: argparse.ArgumentParser, default: str) -> None:
    """Add the option that chooses export formats."""
    names = ", ".join(FORMATS)
    parser.add_argument(
        "--format",
        default=default,
        metavar="NAMES",
        help=f"comma-separated: {names} (default: {default})",
    )


def add_export_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is exported, and how."""
    parser.add_argument("--step", type=int, default=1, metavar="N", help="every N-th frame only")
    parser.add_argument("--objects", metavar="IDS", help="only these objects, comma-separated")
    parser.set_defaults(verified=False)  # an option of `tinysam2 export`
    parser.add_argument(
        "--scale",
        type=float,
        default=1.0,
        metavar="X",
        help=f"size relative to the video, {MIN_SCALE} to {MAX_SCALE:g} (default: 1)",
    )
    parser.add_argument(
        "--names",
        metavar="TEMPLATE",
        help="file names of frames, such as {frame:06d} (default: those of the source)",
    )
    parser.add_argument(
        "--images", action="store_true", help="also write the frames, in formats of a data set"
    )
    parser.add_argument(
        "--official-ids",
        action="store_true",
        help="davis: number objects so that the official evaluator scores all of them",
    )
    parser.add_argument(
        "--polygons", action="store_true", help="coco, labelme: outlines instead of masks"
    )
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument(
        "--overwrite", action="store_true", help="replace an earlier export of the same name"
    )
    existing.add_argument(
        "--new-name", action="store_true", help="find a new name when there is an earlier export"
    )


def export_options(arguments: argparse.Namespace) -> ExportOptions:
    """Return the chosen options.

    Raises:
        UsageError: a value cannot be used.
    """
    existing = Existing.REPLACE if arguments.overwrite else Existing.REFUSE
    return ExportOptions(
        object_ids=_object_ids(arguments.objects),
        verified_only=arguments.verified,
        scale=arguments.scale,
        frame_names=arguments.names,
        with_images=arguments.images,
        official_ids=arguments.official_ids,
        polygons=arguments.polygons,
        existing=Existing.RENAME if arguments.new_name else existing,
    )


def stepped(frames: range, arguments: argparse.Namespace) -> range:
    """Return every N-th frame.

    Raises:
        UsageError: N is less than 1.
    """
    if arguments.step < 1:
        raise UsageError(f"--step must be at least 1, got {arguments.step}.")
    return frames[:: arguments.step]


def _object_ids(text: str | None) -> frozenset[int] | None:
    if text is None:
        return None
    try:
        return frozenset(int(part) for part in text.split(","))
    except ValueError as error:
        raise UsageError(f"--objects must be numbers such as 1,3, got {text!r}.") from error


def chosen_formats(text: str) -> list[str]:
    """Split a list of export formats.

    Raises:
        UsageError: one of them does not exist.
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in FORMATS]
    if unknown or not names:
        raise UsageError(
            f"There is no export format {unknown[0]!r}." if unknown else "No format is named.",
            f"Choose from {', '.join(FORMATS)}.",
        )
    return names
