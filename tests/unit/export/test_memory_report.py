import json

from app.core import edits
from app.core.memory import MemoryDecision, MemoryRecord, MemoryScores
from app.export.memory_report import memory_report
from tests.unit.export.scene import two_objects


def test_report_tells_each_decision_in_frame_order() -> None:
    document = two_objects()
    scores = MemoryScores(0.9, 0.8, 0.72, 0.3)
    kept = MemoryRecord(MemoryDecision.KEPT, "sure and new", scores, (0, 4), None, 200, 180, 7168)
    replaced = MemoryRecord(
        MemoryDecision.REPLACED,
        "better than frame 4",
        scores,
        (0, 9),
        4,
        200,
        190,
        7168,
        {0: (1, 2, b"")},
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
        "tokens": {"0": 0, "9": None},
        "tokens_stored": 200,
        "tokens_attended": 190,
        "tokens_full_sam2": 7168,
    }
