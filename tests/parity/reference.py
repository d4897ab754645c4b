"""Reference weights, frames and outputs of the external trackers, by their authors' recipe."""

import json
import os
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.helpers.sources import ROOT

FOLDER = Path(os.environ.get("TINYSAM2_TEST_PARITY", ROOT.parent / "shared" / "parity"))


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of one external tracker.

    Attributes:
        shapes: every key of its checkpoint with its shape.
        image_size: side of its square input, pixels.
    """

    folder: Path
    shapes: dict[str, list[int]]
    image_size: int

    def weights(self, *prefixes: str) -> dict[str, Tensor]:
        """Draw the reference weights of the keys that start with one of ``prefixes``."""
        keys = [key for key in self.shapes if key.startswith(prefixes)]
        return {key: torch.from_numpy(draw_weight(key, self.shapes[key])) for key in keys}

    def frame(self, index: int) -> Tensor:
        """Compute a normalized frame (1, 3, S, S)."""
        size = self.image_size
        channel = np.arange(1, 4)[:, None, None]
        along = np.arange(1, size + 1) * 512 / size
        rows = np.sin(0.05 * channel * along[:, None] + 0.3 * index)
        columns = np.cos(0.03 * channel * along - 0.2 * index)
        return torch.from_numpy((rows * columns)[None].astype(np.float32))

    def relative_error(self, name: str, found: Tensor) -> float:
        """Compare a tensor with the stored one of that name, in units of its deviation."""
        with np.load(self.folder / "expected.npz") as expected:
            assert list(found.shape) == expected[f"{name}/shape"].tolist(), name
            thinned = found.detach().flatten()[:: int(expected[f"{name}/stride"])].numpy()
            values = expected[name]
            mean, deviation = expected[f"{name}/mean_std"].tolist()
        # A single number does not deviate from itself: there its own size is the unit.
        return float(np.abs(thinned[: len(values)] - values).max()) / (deviation or abs(mean))


def open_reference(model: str) -> Reference:
    """Read what is known of a model, or skip the test where that is not at hand."""
    path = FOLDER / model / "state_dict.json"
    if not path.is_file():
        pytest.skip(f"no reference of {model} in {FOLDER}; set TINYSAM2_TEST_PARITY to its folder")
    listing = json.loads(path.read_text("utf-8"))
    return Reference(path.parent, listing["state_dict"], listing["image_size"])


def draw_weight(key: str, shape: list[int]) -> NDArray[np.float32] | NDArray[np.int64]:
    """Draw the reference value of one weight."""
    kind = key.rpartition(".")[2]
    if kind == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    draws = np.random.RandomState(zlib.crc32(key.encode()))
    noise = draws.standard_normal(int(np.prod(shape))).reshape(shape)
    if kind == "running_var":
        value = 1 + 0.1 * np.abs(noise)
    elif kind in ("bias", "running_mean"):
        value = 0.05 * noise
    elif kind in ("weight", "in_proj_weight") and len(shape) >= 2:
        value = noise * 0.7 / np.sqrt(np.prod(shape[1:]))
    elif kind == "weight":
        value = 1 + 0.1 * noise
    else:
        value = 0.1 * noise
    return np.asarray(value, np.float32)
