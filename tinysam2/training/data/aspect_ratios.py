"""Aspect ratios of training images, for networks that keep the proportions of an image."""

import math
from dataclasses import dataclass

import numpy as np

from tinysam2.inference.preprocess import input_hw

MAX_ASPECT = 2.0
PORTRAIT_FRACTION = 0.25
"""Fraction of the steps with portrait images; most videos are landscape."""


@dataclass(frozen=True, slots=True)
class Shapes:
    """Draws the shape that all images of a step share, the same in every process.

    Attributes:
        size: side of a square image, pixels; the others are as large.
        seed: of the run.
        per_step: items that are read in a step.
    """

    size: int
    seed: int
    per_step: int = 1

    def of_step(self, step: int) -> tuple[int, int]:
        """Draw height and width, multiples of 64."""
        rng = np.random.default_rng((self.seed, 5, step))
        aspect = math.exp(rng.uniform(0, math.log(MAX_ASPECT)))
        return input_hw(self.size, 1 / aspect if rng.random() < PORTRAIT_FRACTION else aspect)

    def of_item(self, index: int) -> tuple[int, int]:
        """Return the shape of the step in which an item is read."""
        return self.of_step(index // self.per_step)
