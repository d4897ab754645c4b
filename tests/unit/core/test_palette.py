"""Colors of objects differ, also for people who do not see red or green."""

import numpy as np
import pytest
from numpy.typing import NDArray

from app.core.palette import NUM_COLORS, NUM_PATTERNS, display_color, display_pattern

# Machado et al. (2009), severity 1, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}


def oklab(srgb: NDArray[np.float64], vision: str) -> NDArray[np.float64]:
    """Convert (N, 3) sRGB in [0, 1] to OKLab (Ottosson 2020) as seen with a kind of vision."""
    low, high = srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4
    linear = np.clip(np.where(srgb <= 0.04045, low, high) @ VISION[vision].T, 0, 1)
    to_lms = np.array(
        [
            [0.4122214708, 0.5363325363, 0.0514459929],
            [0.2119034982, 0.6806995451, 0.1073969566],
            [0.0883024619, 0.2817188376, 0.6299787005],
        ]
    )
    to_lab = np.array(
        [
            [0.2104542553, 0.7936177850, -0.0040720468],
            [1.9779984951, -2.4285922050, 0.4505937099],
            [0.0259040371, 0.7827717662, -0.8086757660],
        ]
    )
    return np.cbrt(linear @ to_lms.T) @ to_lab.T


def least_distance(count: int, vision: str) -> float:
    colors = np.array([display_color(each) for each in range(1, count + 1)]) / 255
    lab = oklab(colors, vision)
    distances = np.linalg.norm(lab[:, None] - lab, axis=-1)
    return float(distances[~np.eye(count, dtype=bool)].min())


@pytest.mark.parametrize(
    ("count", "vision", "least"),
    [
        (16, "normal", 0.145),
        (24, "normal", 0.11),
        (16, "protanopia", 0.07),
        (16, "deuteranopia", 0.07),
        (24, "protanopia", 0.055),
        (24, "deuteranopia", 0.055),
    ],
)
def test_colors_differ_visibly(count: int, vision: str, least: float) -> None:
    assert least_distance(count, vision) >= least  # about 0.02 is just noticeable


def test_colors_repeat_only_after_all_were_used() -> None:
    assert NUM_COLORS == 24
    assert len({display_color(each) for each in range(1, NUM_COLORS + 1)}) == NUM_COLORS
    assert display_color(NUM_COLORS + 1) == display_color(1)


def test_objects_with_the_same_color_differ_by_pattern_or_follow_a_whole_palette() -> None:
    assert {display_pattern(each) for each in range(1, 7)} == set(range(NUM_PATTERNS))
