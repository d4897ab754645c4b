"""Which objects compete for what looks like both of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain, combinations

import torch
from torch import Tensor

from tinysam2.model.matcher import FeatureMatcher
from tinysam2.model.memory_attention import ObjectMemory, known_evidence

MOST_SHARED = 0.1
"""Fraction of the smaller of two masks that both may share where two objects lie side by side."""


class Distractors:
    """Knows which of the tracked objects are separate, so that they compete.

    Two objects are separate if their masks lie beside each other on a frame on which one of them
    is prompted.  Two that are prompted on the same frame with overlapping masks, as a person and a
    hat, never compete.  Where only one of them is prompted, overlap says nothing: the tracked mask
    may have taken the wrong object.
    """

    def __init__(self) -> None:
        self._are_separate: dict[tuple[int, int], bool] = {}

    def note(self, logits: Mapping[int, Tensor], prompted: set[int]) -> None:
        """Compare the masks (H, W) of a frame's prompted objects with those of all objects."""
        if not prompted:
            return
        masks = {i: each > 0 for i, each in logits.items()}
        areas = {i: int(mask.sum()) for i, mask in masks.items()}
        for pair in combinations(sorted(masks), 2):
            least = min(areas[i] for i in pair)
            if not least or prompted.isdisjoint(pair):
                continue
            shared = int((masks[pair[0]] & masks[pair[1]]).sum())
            if shared <= MOST_SHARED * least:
                self._are_separate.setdefault(pair, True)
            elif prompted.issuperset(pair):
                self._are_separate[pair] = False

    def forget(self, object_id: int) -> None:
        """Forget what is known of an object."""
        known = self._are_separate.items()
        self._are_separate = {pair: each for pair, each in known if object_id not in pair}

    def among(self, object_ids: Sequence[int]) -> Tensor:
        """Return (O, O) bool: which objects (columns) are distractors of each (row)."""
        distractors = torch.zeros(len(object_ids), len(object_ids), dtype=torch.bool)
        for (i, a), (j, b) in combinations(enumerate(object_ids), 2):
            if self._are_separate.get((min(a, b), max(a, b)), False):
                distractors[i, j] = distractors[j, i] = True
        return distractors


@torch.inference_mode()
def let_compete(
    matcher: FeatureMatcher, matched: Iterable[list[ObjectMemory]], distractors: Tensor
) -> list[ObjectMemory]:
    """Let O objects compete; return their memories with the evidence that each keeps.

    Args:
        matcher: whose `FeatureMatcher.compete` changes the evidence.
        matched: the memories in batches, each with the evidence of `TinySam2.match`.
        distractors: (O, O) bool, of `Distractors.among`.
    """
    memories = list(chain.from_iterable(matched))
    found = known_evidence(memories)
    assert found is not None, "match first"
    left = matcher.compete(found, distractors.to(found.device))
    return [replace(m, evidence=each) for m, each in zip(memories, left, strict=True)]
