"""Check DAVIS and YouTube-VOS trees as their official readers would."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from app.export.checks.finding import (
    BAD_IMAGE,
    Finding,
    Findings,
    bad_image,
    image_size,
    label_values,
    lines_of,
    missing,
)
from app.export.reading.label_images import VOID
from app.export.reading.source import load_json, reason

MIN_FRAMES = 3
HINT = "an export with --images has it"
SPLITS = ("train", "val", "test-dev", "test-challenge")
FIRST_ONLY = ("test-dev", "test-challenge")  # splits whose truth is the first frame alone


def check_davis(root: Path) -> Findings:
    """Check the sequences that the lists of a DAVIS 2017 or 2016 tree name.

    Source:
        davisvideochallenge/davis2017-evaluation, ``davis2017/davis.py`` and ``metrics``; several
        of its failures end with exit status 0.
    """
    lists = sorted((root / "ImageSets" / "2017").glob("*.txt"))
    older = sorted((root / "ImageSets" / "480p").glob("*.txt"))
    if not lists and not older:
        yield missing(root / "ImageSets" / "2017" / "val.txt", "it lists the sequences of a split")
    seen: set[str] = set()
    for path in lists:
        try:
            names = lines_of(path)
        except (OSError, ValueError) as error:
            yield Finding(path, f"it cannot be read: {reason(error)}")
            continue
        for name in names:
            if name.strip() not in seen and _is_plain(name.strip()):
                seen.add(name.strip())
                yield from _check_davis_sequence(root, name.strip(), path.stem in FIRST_ONLY)
            elif not _is_plain(name.strip()):
                yield Finding(path, f"{name.strip()[:60]!r} is no name of a sequence")
    for path in older:
        yield from _check_davis_2016(root, path)


def _is_plain(name: str) -> bool:
    return bool(name) and name not in (".", "..") and not set(name) & {"/", "\\", "\0"}


def _check_davis_sequence(root: Path, name: str, is_first_only: bool) -> Findings:
    images, annotations = (root / k / "480p" / name for k in ("JPEGImages", "Annotations"))
    frames = sorted(images.glob("*.jpg"))
    if not frames:
        others = images.is_dir() and any(images.iterdir())
        why = (
            "its images must be *.jpg"
            if others
            else f"the evaluator lists its frames by it; {HINT}"
        )
        yield missing(images, why)
        frames = [Path(file.stem) for file in sorted(annotations.glob("*.png"))]
    stems = [frame.stem for frame in frames]
    needed = stems[:1] if is_first_only else stems
    for stem in needed:
        if not (annotations / f"{stem}.png").is_file():
            yield missing(annotations / f"{stem}.png", "each frame needs a label image")
    extra = sorted({f.stem for f in annotations.glob("*.png")} - set(stems))
    if extra:
        yield Finding(annotations / f"{extra[0]}.png", "there is no frame of this name", False)
    if len(stems) < MIN_FRAMES:
        yield Finding(annotations, f"it has {len(stems)} frames; the evaluator needs {MIN_FRAMES}")
    size_hw = _first_size(frames)
    yield from _check_ids(annotations, needed, size_hw)


def _first_size(frames: Sequence[Path]) -> tuple[int, int] | None:
    try:
        return image_size(frames[0]) if frames else None
    except BAD_IMAGE:
        return None


def _check_ids(
    annotations: Path, stems: Sequence[str], size_hw: tuple[int, int] | None
) -> Findings:
    """Check the label images, and that the first one has the highest number."""
    highest: int | None = None
    values: set[int] = set()
    late: dict[int, Path] = {}
    for stem in stems:
        file = annotations / f"{stem}.png"
        if not file.is_file():
            continue
        try:
            size_hw, found = label_values(file, size_hw)
        except BAD_IMAGE as error:
            yield bad_image(file, error)
            continue
        found -= {VOID}
        if highest is None:
            highest = max(found, default=0)
            if not found:
                yield Finding(file, "the first image has no object: nothing is scored")
        for number in found - values:
            if number > highest:
                late[number] = file
        values |= found
    for number, file in sorted(late.items()):
        sentence = f"object {number} appears first here and is not scored: the first image counts"
        yield Finding(file, f"{sentence} {highest}", is_error=False)
    gaps = sorted(set(range(1, highest or 0)) - values)
    if gaps:
        yield Finding(
            annotations, f"object {gaps[0]} has no pixel; it is counted and scores 1", False
        )


def _check_davis_2016(root: Path, path: Path) -> Findings:
    """Check the pairs of files in a list of DAVIS 2016."""
    try:
        lines = lines_of(path)
    except (OSError, ValueError) as error:
        yield Finding(path, f"it cannot be read: {reason(error)}")
        return
    for number, line in enumerate(lines, 1):
        files = [root / part.lstrip("/") for part in line.split()]
        if len(files) != 2 or any(".." in file.parts for file in files):
            yield Finding(path, f"line {number} must name an image and its mask")
            continue
        for file in files:
            if not file.is_file():
                yield missing(file, f"line {number} of {path.name} names it")
        if files[1].is_file():
            try:
                _, values = label_values(files[1], None)
            except BAD_IMAGE as error:
                yield bad_image(files[1], error)
                continue
            if values - {VOID}:
                yield Finding(
                    files[1], f"it has the value {min(values)}; masks are 0 and 255", False
                )


def check_youtube_vos(root: Path) -> Findings:
    """Check the videos that the ``meta.json`` of a YouTube-VOS tree names."""
    meta = root / "meta.json"
    try:
        videos = load_json(meta)["videos"]
        if not isinstance(videos, dict):
            raise ValueError("'videos' must be an object")
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        yield Finding(meta, f"it cannot be read: {reason(error)}")
        return
    for name, video in videos.items():
        if not _is_plain(name):
            yield Finding(meta, f"{name[:60]!r} is no name of a video")
            continue
        try:
            objects = {int(number): _frames_of(entry) for number, entry in video["objects"].items()}
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            yield Finding(meta, f"the objects of {name} are not as expected: {reason(error)}")
            continue
        yield from _check_video(root, name, objects)
    listed = {folder.name for folder in (root / "Annotations").glob("*") if folder.is_dir()}
    for name in sorted(listed - set(videos)):
        yield Finding(
            root / "Annotations" / name, "meta.json does not name it: it is not read", False
        )


def _frames_of(entry: dict[str, Any]) -> list[str]:
    if not isinstance(entry["category"], str):
        raise ValueError("'category' must be a text")
    frames = entry["frames"]
    if not isinstance(frames, list) or not frames or not all(isinstance(f, str) for f in frames):
        raise ValueError("'frames' must list names of frames")
    return frames


def _check_video(root: Path, name: str, objects: dict[int, list[str]]) -> Findings:
    images, annotations = (root / kind / name for kind in ("JPEGImages", "Annotations"))
    if not any(images.glob("*.jpg")):
        yield missing(images, f"readers list its frames by it; {HINT}")
    size_hw: tuple[int, int] | None = None
    shown: dict[str, set[int]] = {}
    for stem in sorted({stem for frames in objects.values() for stem in frames if _is_plain(stem)}):
        file = annotations / f"{stem}.png"
        if not file.is_file():
            yield missing(file, "meta.json names it")
            continue
        try:
            size_hw, shown[stem] = label_values(file, size_hw)
        except BAD_IMAGE as error:
            yield bad_image(file, error)
            continue
        unknown = shown[stem] - objects.keys() - {VOID}
        if unknown:
            yield Finding(file, f"it has object {min(unknown)}, which meta.json does not name")
    for number, frames in sorted(objects.items()):
        if frames[0] in shown and number not in shown[frames[0]]:
            file = annotations / f"{frames[0]}.png"
            yield Finding(file, f"object {number} has no pixel on its first frame")
