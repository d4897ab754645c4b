"""Which objects compete for what looks like both of them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import torch
from torch import Tensor

from tinysam2.model.matcher import FeatureMatcher
from tinysam2.model.memory_attention import ObjectMemory, known_evidence

MOST_SHARED = 0.1
"""Fraction of the smaller of two masks that both may share where two objects lie side by side."""


class Distractors:
    """Tells which objects are separate things, so that what belongs to one is not the other.

    A frame on which one of them is prompted shows it: there, their masks lie side by side.  Objects
    whose masks overlap on such a frame, as those of a person and of a hat, never compete, and
    neither do two that no prompted frame has shown together.

    Args:
        is_exclusive: whether a pixel belongs to one object at most, so that all compete.
    """

    def __init__(self, is_exclusive: bool = False) -> None:
        self._is_exclusive = is_exclusive
        self._are_separate: dict[tuple[int, int], bool] = {}

    def note(self, logits: Mapping[int, Tensor], prompted: set[int]) -> None:
        """Compare masks (H, W) of a frame, by object, with those of its prompted objects."""
        masks = {i: each > 0 for i, each in logits.items()}
        areas = {i: int(mask.sum()) for i, mask in masks.items()}
        for pair in combinations(sorted(masks), 2):
            a, b = pair
            if not prompted.isdisjoint(pair) and areas[a] and areas[b]:
                shared = int((masks[a] & masks[b]).sum())
                is_beside = shared <= MOST_SHARED * min(areas[a], areas[b])
                self._are_separate[pair] = is_beside and self._are_separate.get(pair, True)

    def forget(self, object_id: int) -> None:
        """Forget what is known of an object."""
        known = self._are_separate.items()
        self._are_separate = {pair: each for pair, each in known if object_id not in pair}

    def among(self, object_ids: Sequence[int]) -> Tensor:
        """Return (O, O) bool: which objects (columns) are distractors of each (row)."""
        distractors = torch.full((len(object_ids), len(object_ids)), self._is_exclusive)
        distractors.fill_diagonal_(False)
        for (i, a), (j, b) in combinations(enumerate(object_ids), 2):
            if self._are_separate.get((min(a, b), max(a, b)), False):
                distractors[i, j] = distractors[j, i] = True
        return distractors


@torch.inference_mode()
def let_compete(
    matcher: FeatureMatcher, memories: list[ObjectMemory], distractors: Tensor
) -> list[ObjectMemory]:
    """Return matched memories of O objects with what `FeatureMatcher.compete` leaves to each."""
    found = known_evidence(memories)
    assert found is not None, "match first"
    left = matcher.compete(found, distractors.to(found.device))
    return [replace(m, evidence=each) for m, each in zip(memories, left, strict=True)]
