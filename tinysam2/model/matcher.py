"""Matches image features with memory tokens, which gives a coarse mask, beside attention."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LOGIT_SCALE = 4.0
"""Scale of coarse mask logits, most of which lie within twice this value."""
COARSE_WEIGHT, COARSE_LIMIT = 1 / 16, 1.0
"""Weight of coarse mask logits beside the decoder's, and their limit in units of `LOGIT_SCALE`: at
most 0.25 is added."""
DISTRACTOR_WEIGHT = 0.2
"""How much what is remembered of a distractor counts as the surroundings of an object."""
_MAPS = 3  # mask logits, how well the object matches, how well its surroundings match
_GAIN = 16.0  # Scales the added features, so that small weights train at the common rate.
_LEAST = 1e-30  # sum of weights, as nothing alike was seen
_FIRST_SHARPNESS, _MAX_SHARPNESS = 30.0, 100.0


class Conditioned(NamedTuple):
    """Features (O, dim, H, W) conditioned on memory, and what a matcher, if any, found for them."""

    features: Tensor
    evidence: Tensor | None


class FeatureMatcher(nn.Module):
    """Match each feature location with what memory holds of the object and of its surroundings.

    Image queries and memory keys are compared by cosine similarity.  A learned fraction of each
    token counts as the object, the rest as its surroundings.

    Args:
        dim: width of image features.
        memory_dim: width of memory tokens.

    Source:
        Ours, for training on little data: nearest neighbors of distilled features track objects
        even without training.  The softmax over the locations of all remembered frames is that of
        STM (Oh et al. 2019, arXiv:1904.00607).
    """

    def __init__(self, dim: int, memory_dim: int) -> None:
        super().__init__()
        width = memory_dim * 3 // 4
        self.query_proj = nn.Linear(dim, width)
        self.key_proj = nn.Linear(memory_dim, width)
        self.share_proj = nn.Linear(memory_dim, 1)
        self.log_sharpness = nn.Parameter(torch.tensor(math.log(_FIRST_SHARPNESS)))
        self.evidence_proj = nn.Conv2d(_MAPS, dim, 1)

    def forward(self, evidence: Tensor) -> Tensor:
        """Return features (O, dim, H, W) of what `compare` found, to be added to the image's."""
        projected: Tensor = _GAIN * self.evidence_proj(evidence)
        return projected

    def compete(self, evidence: Tensor, distractors: Tensor) -> Tensor:
        """Let what is remembered of distractors count as the surroundings of an object, too.

        Distractors are other objects of the same image.  Where they look alike, each matches both.

        Args:
            evidence: (O, 3, H, W) of `compare`.
            distractors: (O, O) bool, which objects (columns) are distractors of each (row).

        Returns:
            The same as `compare`, as if what the tokens of distractors show of them were remembered
            as surroundings, with a weight of `DISTRACTOR_WEIGHT`.
        """
        sharpness = self.log_sharpness.exp().clamp(max=_MAX_SHARPNESS)
        inside, outside = (evidence[:, 1:].float() * sharpness).unbind(1)
        nothing = torch.full_like(inside[:1], float("-inf"))
        others = torch.stack(
            [torch.cat([nothing, inside[row]]).logsumexp(0) for row in distractors]
        )
        outside = torch.logaddexp(outside, others + math.log(DISTRACTOR_WEIGHT))
        maps = [(inside - outside) / LOGIT_SCALE, inside / sharpness, outside / sharpness]
        return torch.where(distractors.any(1).view(-1, 1, 1, 1), torch.stack(maps, 1), evidence)

    def compare(self, features: Tensor, tokens: Tensor, is_token: Tensor) -> Tensor:
        """Compare an image with memory.

        Args:
            features: (B, dim, H, W), B = O or 1.
            tokens: (O, M, memory_dim), padded.
            is_token: (O, M) bool, False where there is padding.

        Returns:
            (O, 3, H, W): logits of a coarse mask, divided by `LOGIT_SCALE`; the soft maximum of the
            cosine similarities to the object; the same to its surroundings.
        """
        locations = features.flatten(2).transpose(1, 2)
        sharpness = self.log_sharpness.exp().clamp(max=_MAX_SHARPNESS)
        query = F.normalize(self.query_proj(locations).float(), dim=-1) * sharpness
        key = F.normalize(self.key_proj(tokens).float(), dim=-1)
        fraction = self.share_proj(tokens).float()
        shares = torch.cat([fraction, -fraction], -1).sigmoid() * is_token[..., None]
        alike = (query @ key.transpose(1, 2)).float()
        with torch.autocast(alike.device.type, enabled=False):  # float16 has no room for the sums
            # Cosines lie in [-1, 1], so that no maximum has to be subtracted.
            sums = ((alike - sharpness / 2).exp() @ shares.float()).clamp(min=_LEAST)
        inside, outside = (sums.log() + sharpness / 2).unbind(-1)
        maps = [(inside - outside) / LOGIT_SCALE, inside / sharpness, outside / sharpness]
        return torch.stack(maps, 1).unflatten(2, features.shape[-2:])


def with_coarse_masks(logits: Tensor, groups: Sequence[Conditioned]) -> Tensor:
    """Add a little of the matcher's coarse masks to those that a decoder read from memory.

    They decide where the decoder is unsure: its logits are often near zero in parts that it has not
    seen.

    Args:
        logits: (O, M, h, w) of the decoder.
        groups: what the masks of O objects were decoded from; without evidence nothing is added.
    """
    evidence = [group.evidence for group in groups if group.evidence is not None]
    if not evidence:
        return logits
    coarse = LOGIT_SCALE * torch.cat(evidence)[:, :1].clamp(-COARSE_LIMIT, COARSE_LIMIT)
    size_hw = logits.shape[2], logits.shape[3]
    return logits + COARSE_WEIGHT * F.interpolate(coarse, size_hw, mode="bilinear")
