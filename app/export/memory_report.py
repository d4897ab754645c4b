"""The memory decisions of the tracker as JSON values."""

from dataclasses import asdict
from typing import Any

from app.core.document import Document, Table
from app.core.memory import MemoryRecord


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
        "tokens": {str(stored): record.tokens_of(stored) for stored in record.stored},
        "tokens_stored": record.tokens_stored,
        "tokens_attended": record.tokens_attended,
        "tokens_full_sam2": record.tokens_full_sam2,
    }
