"""Tables of what the masks measure."""

import csv
from pathlib import Path

from app.export.format import ExportFormat, Group, Loss, Writing
from app.export.labels import spreadsheet_cell
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
                names = (spreadsheet_cell(tracked.name), spreadsheet_cell(tracked.category))
                score = "" if row.confidence is None else f"{row.confidence:.6f}"
                end = (score, row.exported_origin.value, int(row.is_verified))
                table.writerow((*head, *names, row.mask.area, *(row.mask.box_xyxy or ()), *end))
            yield done
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
