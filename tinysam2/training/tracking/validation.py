"""J and F of a few held-out sequences during a run."""

import time
from collections.abc import Mapping
from copy import deepcopy
from itertools import islice
from pathlib import Path

from torch import Tensor

from tinysam2.build import prepare
from tinysam2.datasets.registry import Data, read_data
from tinysam2.datasets.samples import ImageFile
from tinysam2.datasets.sequences import read_sequences
from tinysam2.evaluation.report import summarize
from tinysam2.evaluation.runner import evaluate
from tinysam2.model.network import TinySam2

SEQUENCES, FRAMES, SIZE = 4, 25, 256
"""Sequences, frames of each, and input size (pixels) of a validation; it takes seconds on a CPU."""
SPLIT = "val"


class Validation:
    """Scores weights when it is due: at once, then every so many seconds.

    Args:
        root: data set as `read_sequences` reads it; the first `SEQUENCES` of its split "val".
        every_s: seconds from one validation to the next.
        data: what is trained on.

    Raises:
        ValueError: there is nothing to score, or it is trained on.
    """

    def __init__(self, root: Path, every_s: float, data: Data) -> None:
        self._root, self._every_s = root, every_s
        self._due = time.monotonic()
        trained = {
            image.path.resolve()
            for part in read_data(data)
            for image in part.images
            if isinstance(image, ImageFile)
        }
        for sequence in islice(read_sequences(root, SPLIT), SEQUENCES):
            if not trained.isdisjoint(file.resolve() for file in sequence.frames.files):
                raise ValueError(f"{sequence.name} in {root} must not be trained on to validate")

    @property
    def is_due(self) -> bool:
        """Whether it is time to score."""
        return time.monotonic() >= self._due

    def score(self, network: TinySam2, weights: Mapping[str, Tensor]) -> dict[str, float]:
        """Track from the true first masks with other weights; the network stays as it is.

        Returns:
            ``val_j`` and ``val_f`` in [0, 1].
        """
        self._due = time.monotonic() + self._every_s
        averaged = deepcopy(network)
        averaged.load_state_dict(weights)
        results = evaluate(
            prepare(averaged, averaged.no_memory.device),
            self._root,
            SPLIT,
            max_frames=FRAMES,
            image_size=SIZE,
            max_sequences=SEQUENCES,
        )
        overall = summarize(results)["overall"]
        return {"val_j": round(overall["J_mean"], 4), "val_f": round(overall["F_mean"], 4)}
