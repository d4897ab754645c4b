"""Tables of what the masks measure, and the memory report as a file."""

import csv
from pathlib import Path

from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import json_text
from app.export.memory_report import memory_report
from app.export.selection import Selection

COLUMNS = (
    "frame", "frame_name", "time_s", "object_id", "object", "category", "area_px",
    "left", "top", "right", "bottom", "confidence", "origin", "is_verified",
)  # fmt: skip


def write_csv_table(selection: Selection, folder: Path) -> Writing:
    """Write a row per object and frame with a mask: area, box (right and bottom exclusive), scores.

    Confidence is empty for masks that a person drew.
    """
    path = folder / f"{selection.name}.csv"
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        table = csv.writer(file)
        table.writerow(COLUMNS)
        for done, frame in enumerate(selection.frames, 1):
            time = f"{selection.source.timestamp_s(frame):.6f}"
            for tracked, row in selection.masks_on(frame):
                head = (frame, selection.frame_name(frame), time, tracked.object_id)
                names = (_cell(tracked.name), _cell(tracked.category))
                score = "" if row.confidence is None else f"{row.confidence:.6f}"
                end = (score, row.origin.value, int(row.is_verified))
                table.writerow((*head, *names, row.mask.area, *(row.mask.box_xyxy or ()), *end))
            yield done
    return ()


def _cell(text: str) -> str:
    """Keep spreadsheets from taking a name for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def write_memory_report(selection: Selection, folder: Path) -> Writing:
    """Write the memory decisions of the tracker as JSON."""
    report = memory_report(selection.document, selection.frames)
    path = folder / f"{selection.name}.memory.json"
    path.write_text(json_text(report, indent=1) + "\n", "utf-8")
    yield len(selection.frames)
    return ()


CSV = ExportFormat(
    "csv",
    "Table (CSV)",
    "A row per object and frame: time, area, box, confidence, origin.",
    Group.TABLES,
    write_csv_table,
    ("{name}.csv",),
    loses=(Loss.MASKS,),
)
MEMORY = ExportFormat(
    "memory",
    "Memory report (JSON)",
    "What the tracker remembered of each object on each frame, and why.",
    Group.TABLES,
    write_memory_report,
    ("{name}.memory.json",),
    loses=(Loss.MASKS,),
)
