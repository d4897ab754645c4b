"""Figures of repeated measurements, and tables of them."""

from collections.abc import Sequence

import numpy as np

Cell = str | float | int


def figures(values_ms: Sequence[float]) -> dict[str, float]:
    """Summarize milliseconds, at least one value."""
    values = np.array(values_ms)
    return {
        "median_ms": round(float(np.median(values)), 2),
        "p95_ms": round(float(np.percentile(values, 95)), 2),
        "worst_ms": round(float(values.max()), 2),
        "count": len(values),
    }


def table(rows: Sequence[Sequence[Cell]]) -> str:
    """Align rows of equal length: the first column to the left, others to the right."""
    lines = [[f"{cell:.1f}" if isinstance(cell, float) else str(cell) for cell in r] for r in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join([head.ljust(widths[0]), *map(str.rjust, cells, widths[1:])])
        for head, *cells in lines
    )
