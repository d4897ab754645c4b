"""The memory decisions of the tracker as JSON, as a table, and as maps over the frames."""

import csv
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from app.core.document import Document, Table, TrackedObject
from app.core.memory import MemoryRecord, MemoryScores
from app.core.memory_map import CELL_PX, bank_rgb, map_of
from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import json_text, spreadsheet_cell
from app.export.selection import Selection
from app.media.frames import Pixels

SCORES = tuple(field.name for field in fields(MemoryScores))
COLUMNS = (
    "frame", "object_id", "object", "category", "decision", "evicted", "reason", *SCORES,
    "policy", "bank", "recent", "tokens", "tokens_stored", "tokens_attended", "tokens_full_sam2",
)  # fmt: skip
GRID_OPACITY = 0.25
_FONT_SIZE = 1 / 36  # of the legend, as a fraction of the height of the frame
_MIN_FONT_PX = 9


def memory_report(document: Document, frames: range) -> dict[str, Any]:
    """Describe, object by object, each processed frame among ``frames`` in ascending order."""
    return {
        "objects": [
            {
                "id": tracked.object_id,
                "name": tracked.name,
                "category": tracked.category,
                "frames": [
                    _entry(frame, record)
                    for frame, record in sorted(
                        document.of_object(Table.MEMORY, tracked.object_id).items()
                    )
                    if frame in frames
                ],
            }
            for tracked in document.objects
        ]
    }


def _entry(frame: int, record: MemoryRecord) -> dict[str, Any]:
    return {
        "frame": frame,
        "decision": record.decision.value,
        "evicted": record.evicted,
        "reason": record.reason,
        "scores": asdict(record.scores),
        "bank": list(record.bank),
        "recent": record.recent,
        "policy": record.policy,
        "thresholds": record.thresholds,
        "tokens": {str(stored): record.tokens_of(stored) for stored in record.stored},
        "tokens_stored": record.tokens_stored,
        "tokens_attended": record.tokens_attended,
        "tokens_full_sam2": record.tokens_full_sam2,
    }


def write_memory_report(selection: Selection, folder: Path) -> Writing:
    """Write the memory decisions as JSON."""
    report = memory_report(selection.document, selection.frames)
    path = folder / f"{selection.name}.memory.json"
    path.write_text(json_text(report, indent=1) + "\n", "utf-8")
    yield len(selection.frames)
    return ()


def _records_on(selection: Selection, frame: int) -> Iterator[tuple[TrackedObject, MemoryRecord]]:
    """Yield the decisions about the chosen objects on a frame, in display order."""
    chosen = selection.options.object_ids
    for tracked in selection.document.objects:
        record = selection.document.memory(tracked.object_id, frame)
        if record is not None and (chosen is None or tracked.object_id in chosen):
            yield tracked, record


def write_memory_table(selection: Selection, folder: Path) -> Writing:
    """Write a row per object and processed frame; lists are separated by spaces."""
    path = folder / f"{selection.name}.memory.csv"
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for done, frame in enumerate(selection.frames, 1):
            for tracked, record in _records_on(selection, frame):
                table.writerow(_table_row(frame, tracked, record))
            yield done
    return ()


def _table_row(frame: int, tracked: TrackedObject, record: MemoryRecord) -> tuple[Any, ...]:
    scores = (f"{getattr(record.scores, name):.6f}" for name in SCORES)
    held = (record.tokens_of(stored) for stored in record.stored)
    return (
        *(
            frame,
            tracked.object_id,
            spreadsheet_cell(tracked.name),
            spreadsheet_cell(tracked.category),
        ),
        *(
            record.decision.value,
            _or_empty(record.evicted),
            spreadsheet_cell(record.reason),
            *scores,
        ),
        record.policy,
        " ".join(map(str, record.bank)),
        _or_empty(record.recent),
        " ".join(f"{f}:{_or_empty(n)}" for f, n in zip(record.stored, held, strict=True)),
        *(record.tokens_stored, record.tokens_attended, record.tokens_full_sam2),
    )


def _or_empty(number: int | None) -> str:
    return "" if number is None else str(number)


def write_memory_maps(selection: Selection, folder: Path) -> Writing:
    """Write ``memory/<name>/001/00000.png``: per object, the frames with their survival maps."""
    place = folder / "memory" / selection.name
    place.mkdir(parents=True)
    for done, frame in enumerate(selection.frames, 1):
        for tracked, record in _records_on(selection, frame):
            shown = map_of(record)
            if shown is not None:
                below = place / f"{tracked.object_id:03d}"
                below.mkdir(exist_ok=True)
                pixels = _mapped(selection, frame, tracked, record, shown)
                path = below / f"{selection.frame_name(frame)}.png"
                Image.fromarray(pixels).save(path, compress_level=3)
        yield done
    return ()


def _mapped(
    selection: Selection,
    frame: int,
    tracked: TrackedObject,
    record: MemoryRecord,
    shown: NDArray[np.uint8],
) -> Pixels:
    """Draw map, pooling grid, the object's outline and the legend over a frame, (H, W, 3) RGB."""
    height, width = selection.size_hw
    image = selection.image(frame).astype(np.float32)
    scaled = cv2.resize(shown, (width, height), interpolation=cv2.INTER_NEAREST)
    alpha = scaled[..., 3:].astype(np.float32) / 255
    image += (scaled[..., :3] - image) * alpha
    down, across = (side // CELL_PX for side in shown.shape[:2])
    rows = np.arange(0, down, record.pool) * height // down
    columns = np.arange(0, across, record.pool) * width // across
    image[rows] += (255 - image[rows]) * GRID_OPACITY
    image[:, columns] += (255 - image[:, columns]) * GRID_OPACITY
    pixels = np.ascontiguousarray(image.round().astype(np.uint8))
    row = selection.mask(tracked.object_id, frame)
    if row is not None:
        bitmap = row.mask.decode().astype(np.uint8)
        found, _ = cv2.findContours(bitmap, cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.drawContours(pixels, found, -1, (255, 255, 255), 1 + height // 540)
    return _with_legend(pixels, record)


def _with_legend(pixels: Pixels, record: MemoryRecord) -> Pixels:
    """Name each remembered frame in its color at the top left."""
    canvas = Image.fromarray(pixels)
    draw = ImageDraw.Draw(canvas)
    size = max(_MIN_FONT_PX, round(pixels.shape[0] * _FONT_SIZE))
    font = ImageFont.load_default(size)
    for position, frame in enumerate(record.stored):
        text = f"frame {frame}: {_or_empty(record.tokens_of(frame)) or '?'} tokens"
        at = size // 2, size // 2 + position * (size + 3)
        draw.text(at, text, bank_rgb(position), font, stroke_width=2, stroke_fill=(0, 0, 0))
    return np.array(canvas)


JSON = ExportFormat(
    "memory",
    "Memory report (JSON)",
    "What the tracker remembered of each object on each frame, and why.",
    Group.TABLES,
    write_memory_report,
    ("{name}.memory.json",),
    loses=(Loss.MASKS,),
)
CSV = ExportFormat(
    "memory_csv",
    "Memory table (CSV)",
    "A row per object and tracked frame: decision, scores, frames in memory and their tokens.",
    Group.TABLES,
    write_memory_table,
    ("{name}.memory.csv",),
    loses=(Loss.MASKS,),
)
MAPS = ExportFormat(
    "memory_maps",
    "Memory maps (PNG)",
    "The frames with the tokens that memory kept, one color per remembered frame.",
    Group.TABLES,
    write_memory_maps,
    ("memory/{name}",),
    loses=(Loss.MASKS,),
)
