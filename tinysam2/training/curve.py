"""An image of a run from its log: ``python -m tinysam2.training.curve LOG.jsonl OUT.png``."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from PIL import Image, ImageDraw, ImageFont

Row: TypeAlias = dict[str, float]
Point: TypeAlias = tuple[float, float]

PANEL_WH, MARGIN_PX, TOP_PX, LINE_PX = (600, 360), 56, 40, 3
GRAY, LIGHT, BLACK = (150, 150, 150), (228, 228, 228), (30, 30, 30)
COLORS = ((31, 119, 180), (214, 96, 20), (44, 140, 60), (148, 80, 170))
TICKS = 5
DOT_PX = 3  # radius


@dataclass(frozen=True, slots=True)
class _Panel:
    """One diagram.

    Attributes:
        curves: by name.
        low: lower end of the upright axis.
        high: its upper end.
        smoothed: mean over this many reports; the reports themselves are drawn pale.
    """

    title: str
    curves: dict[str, list[Point]]
    low: float
    high: float
    smoothed: int = 9


def read_log(path: Path) -> list[Row]:
    """Read a run's log; of what a resumed run did twice, only the second time counts.

    Raises:
        ValueError: the file has no reports.
    """
    rows: list[Row] = []
    for line in path.read_text("utf-8").splitlines():
        row: Row = json.loads(line)
        while rows and rows[-1]["step"] >= row["step"]:
            rows.pop()
        rows.append(row)
    if not rows:
        raise ValueError(f"{path} holds no reports")
    return rows


def draw_curves(rows: list[Row]) -> Image.Image:
    """Draw the loss and the IoUs over the steps, and J and F of validation if there are any."""
    losses, ious = _curves(rows, "loss"), _curves(rows, "iou")
    values = [y for curve in losses.values() for _, y in curve]
    low, high = min(values, default=0.0), max(values, default=1.0)
    panels = [
        _Panel("loss", losses, low, max(high, low + 1e-6)),
        _Panel("IoU", ious, 0.0, 1.0),
    ]
    if scores := _curves(rows, "val_j", "val_f"):
        panels.append(_Panel("validation", scores, 0.0, 1.0, smoothed=1))  # few, and no noise
    width, height = PANEL_WH
    image = Image.new("RGB", (width * len(panels), height), "white")
    last_step = max(rows[-1]["step"], 1)
    for i, panel in enumerate(panels):
        one = Image.new("RGB", PANEL_WH, "white")
        _draw_panel(ImageDraw.Draw(one), panel, last_step)
        image.paste(one, (i * width, 0))
    return image


def _curves(rows: list[Row], *ends: str) -> dict[str, list[Point]]:
    """Collect the figures whose names end so; a report need not have all of them."""
    names = dict.fromkeys(name for row in rows for name in row if name.endswith(ends))
    return {name: [(row["step"], row[name]) for row in rows if name in row] for name in names}


def _draw_panel(draw: ImageDraw.ImageDraw, panel: _Panel, last_step: float) -> None:
    font = ImageFont.load_default(13)
    width, height = PANEL_WH
    right, bottom = width - 20, height - MARGIN_PX

    def place(point: Point) -> Point:
        x = MARGIN_PX + (right - MARGIN_PX) * point[0] / last_step
        fraction = (point[1] - panel.low) / (panel.high - panel.low)
        return x, bottom - (bottom - TOP_PX) * fraction

    for fraction in np.linspace(0, 1, TICKS).tolist():
        x, y = place((fraction * last_step, panel.low + fraction * (panel.high - panel.low)))
        draw.line([(MARGIN_PX, y), (right, y)], LIGHT)
        value = panel.low + fraction * (panel.high - panel.low)
        draw.text((MARGIN_PX - 8, y), f"{value:.2f}", BLACK, font, "rm")
        draw.text((x, bottom + 8), f"{fraction * last_step:.0f}", BLACK, font, "mt")
    draw.line([(MARGIN_PX, TOP_PX), (MARGIN_PX, bottom), (right, bottom)], GRAY)
    draw.text(((MARGIN_PX + right) / 2, height - 12), "step", BLACK, font, "mb")
    draw.text((MARGIN_PX, TOP_PX / 2), panel.title, BLACK, ImageFont.load_default(17), "lm")
    if not panel.curves:
        draw.text((right, TOP_PX / 2), "not in this log", GRAY, font, "rm")
    x = right
    for (name, points), color in zip(panel.curves.items(), COLORS, strict=False):
        smooth = _smoothed(points, panel.smoothed)
        pale = tuple((c + 2 * 255) // 3 for c in color)
        draw.line([place(p) for p in points], pale, 1)
        draw.line([place(p) for p in smooth], color, LINE_PX, "curve")
        if panel.smoothed == 1:
            for dot_x, dot_y in map(place, points):
                draw.ellipse(
                    (dot_x - DOT_PX, dot_y - DOT_PX, dot_x + DOT_PX, dot_y + DOT_PX), color
                )
        label = f"{name.replace('_', ' ')} {smooth[-1][1]:.3f}"
        draw.text((x, TOP_PX / 2), label, color, font, "rm")
        x -= draw.textlength(label, font) + 18


def _smoothed(points: list[Point], count: int) -> list[Point]:
    """Average each report with its neighbors."""
    half = count // 2
    values = np.array([y for _, y in points])
    means = [float(values[max(i - half, 0) : i + half + 1].mean()) for i in range(len(points))]
    return [(x, mean) for (x, _), mean in zip(points, means, strict=True)]


def main(argv: Sequence[str] | None = None) -> None:
    """Draw a log; the arguments are those of the process if None."""
    parser = argparse.ArgumentParser("tinysam2.training.curve", description=__doc__)
    parser.add_argument("log", type=Path, help="log.jsonl of a run")
    parser.add_argument("out", type=Path, help="image to write")
    arguments = parser.parse_args(argv)
    try:
        image = draw_curves(read_log(arguments.log))
    except (OSError, ValueError) as error:
        parser.error(str(error))
    image.save(arguments.out)


if __name__ == "__main__":
    main()
