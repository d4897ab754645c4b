"""Prompts of one object on one frame: points, a box or a mask."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from tinysam2.model.decoder.prompt_encoder import BOX_FIRST, BOX_SECOND
from tinysam2.model.network import MASK_LOGIT

CLICKS_ONE_BY_ONE = 20
"""Clicks that are predicted one by one; those beyond come in groups of as many, so that the cost of
hundreds of clicks on one image stays bounded.  Interactive protocols end at 20."""


@dataclass(frozen=True, slots=True)
class ObjectPrompt:
    """Prompt of one object on one frame, in pixels of the video frame.

    A mask (H, W) bool wins over ``points_xy`` (K, 2), ``labels`` (K,) and ``box_xyxy``.
    """

    points_xy: tuple[tuple[float, float], ...] = ()
    labels: tuple[int, ...] = ()
    box_xyxy: tuple[float, float, float, float] | None = None
    mask: NDArray[np.bool_] | None = None

    def as_points(self, size_hw: tuple[int, int], device: torch.device) -> tuple[Tensor, Tensor]:
        """Return clicks and box corners as the prompt encoder takes them.

        Args:
            size_hw: of the video frame, pixels.
            device: where the result lives.

        Returns:
            Positions (1, K, 2) in [0, 1] and labels (1, K).
        """
        xy, labels = list(self.points_xy), list(self.labels)
        if self.box_xyxy is not None:
            x0, y0, x1, y1 = self.box_xyxy
            xy, labels = [(x0, y0), (x1, y1), *xy], [BOX_FIRST, BOX_SECOND, *labels]
        scale = torch.tensor([size_hw[1], size_hw[0]], device=device, dtype=torch.float32)
        points = torch.tensor(xy, device=device, dtype=torch.float32).reshape(-1, 2)
        label = torch.tensor(labels, device=device, dtype=torch.long)
        return ((points + 0.5) / scale)[None], label[None]

    def exact_logits(self) -> Tensor | None:
        """Return exact logits (H, W) of a mask prompt; None for other prompts."""
        if self.mask is None:
            return None
        return torch.from_numpy(np.where(self.mask, MASK_LOGIT, -MASK_LOGIT).astype(np.float32))

    def click_sequence(self) -> "list[ObjectPrompt]":
        """Return the prompts after each click, the shortest first; a box precedes all clicks.

        Beyond `CLICKS_ONE_BY_ONE` only those after each full group of clicks, and the last one.
        """
        least = 0 if self.box_xyxy is not None else 1
        most = max(least, len(self.points_xy))
        grouped = CLICKS_ONE_BY_ONE
        counts = [n for n in range(least, most + 1) if n <= grouped or not n % grouped or n == most]
        return [replace(self, points_xy=self.points_xy[:n], labels=self.labels[:n]) for n in counts]

    @staticmethod
    def of(
        points_xy: ArrayLike, labels: Sequence[int], box_xyxy: Sequence[float] | None
    ) -> "ObjectPrompt":
        """Check and freeze clicks and a box.

        Raises:
            ValueError: shapes do not fit, a coordinate is not finite, a label is not 0 or 1, or
                there is no prompt at all.
        """
        points = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
        if not np.isfinite([*points.flat, *(() if box_xyxy is None else box_xyxy)]).all():
            raise ValueError(f"coordinates must be finite, got {points.tolist()} and {box_xyxy}")
        if len(points) != len(labels) or any(v not in (0, 1) for v in labels):
            raise ValueError(f"labels must be {len(points)} numbers of 0 or 1, got {list(labels)}")
        if not len(points) and box_xyxy is None:
            raise ValueError("a prompt must have at least one point or a box, got neither")
        box = None
        if box_xyxy is not None:
            if len(box_xyxy) != 4:
                raise ValueError(f"box_xyxy must be 4 numbers, got {len(box_xyxy)}")
            x0, y0, x1, y1 = (float(v) for v in box_xyxy)
            box = (x0, y0, x1, y1)
        return ObjectPrompt(
            tuple((float(x), float(y)) for x, y in points),
            tuple(int(v) for v in labels),
            box,
        )
