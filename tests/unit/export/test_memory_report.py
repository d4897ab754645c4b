import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image

from app.core import edits
from app.core.document import Document
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.core.memory_map import BANK_COLORS
from app.export.memory_report import memory_report
from app.export.registry import export
from app.export.selection import ExportOptions
from tests.unit.export.scene import SIZE_HW, open_frames, two_objects


def test_report_tells_each_decision_in_frame_order() -> None:
    document = two_objects()
    scores = MemoryScores(0.9, 0.8, 0.72, 0.3)
    kept = MemoryRecord(MemoryDecision.KEPT, "sure and new", scores, (0, 4), None, 200, 180, 7168)
    replaced = MemoryRecord(
        MemoryDecision.REPLACED,
        "better than frame 4",
        scores,
        *((0, 9), 4, 200, 190, 7168, {0: (1, 2, b"")}),
        policy="quality",
        thresholds={"quality": 0.5},
    )
    memory = {(1, 9): replaced, (1, 4): kept, (1, 20): kept}
    document.apply(edits.set_masks(document, {}, "Track", memory))
    report = memory_report(document, range(10))
    dog, ball = report["objects"]
    assert (dog["id"], dog["name"]) == (1, "dog")
    assert ball["frames"] == []
    assert [entry["frame"] for entry in dog["frames"]] == [4, 9]
    assert json.loads(json.dumps(dog["frames"][1])) == {
        "frame": 9,
        "decision": "replaced",
        "evicted": 4,
        "reason": "better than frame 4",
        "scores": {
            "predicted_iou": 0.9,
            "object_presence": 0.8,
            "quality": 0.72,
            "novelty": 0.3,
        },
        "bank": [0, 9],
        "recent": None,
        "policy": "quality",
        "thresholds": {"quality": 0.5},
        "tokens": {"0": 0, "9": None},
        "tokens_stored": 200,
        "tokens_attended": 190,
        "tokens_full_sam2": 7168,
    }


GRID_HW = (4, 6)


def remembering() -> Document:
    """On frame 1 of the dog, frame 0 holds the token of row 3, column 4, and frame 1 none."""
    bits = np.packbits(np.arange(24) == 22).tobytes()
    record = MemoryRecord(
        MemoryDecision.KEPT,
        "=the bank had room",
        MemoryScores(0.9, 0.8, 0.72, 0.3),
        (0, 1),
        None,
        9,
        1,
        168,
        {0: (*GRID_HW, bits), 1: (*GRID_HW, bytes(3))},
        tokens={0: 1, 1: 0},
        pool=2,
        averaged={0: bytes(1), 1: bytes(1)},
        policy="quality",
    )
    document = two_objects()
    document.apply(edits.set_masks(document, {}, "Track", {(1, 1): record, (2, 3): record}))
    return document


def test_the_table_has_a_row_per_decision(tmp_path: Path) -> None:
    with open_frames(tmp_path) as source:
        (path,) = export(remembering(), source, "memory_csv", tmp_path / "out").paths
    dog, ball = csv.DictReader(path.read_text("utf-8").splitlines())
    assert (dog["frame"], dog["object"], dog["decision"]) == ("1", "dog", "kept")
    assert (dog["bank"], dog["tokens"], dog["quality"]) == ("0 1", "0:1 1:0", "0.720000")
    assert dog["reason"] == "'=the bank had room"  # no formula
    assert (ball["frame"], ball["object_id"]) == ("3", "2")


def test_maps_are_written_for_the_frames_and_objects_with_memory(tmp_path: Path) -> None:
    only_dog = ExportOptions(object_ids=frozenset({1}))
    out = tmp_path / "out"
    with open_frames(tmp_path) as source:
        export(remembering(), source, "memory_maps", out, options=only_dog)
    (file,) = out.rglob("*.png")
    assert file.relative_to(out).as_posix() == "memory/my_clip/001/001.png"
    pixels = np.asarray(Image.open(file)).astype(int)
    assert pixels.shape == (*SIZE_HW, 3)
    gray = 20  # the frame
    kept = gray + (np.array(BANK_COLORS[0]) - gray) * 165 / 255
    assert abs(pixels[36, 46] - kept).max() <= 1
    assert abs(pixels[36, 57] - gray).max() <= 1  # holds no token
    assert pixels[36, 20].min() > gray + 30  # a line of the pooling grid
