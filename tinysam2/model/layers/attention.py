"""Multi-head attention with its own projections, optional rotary codes and key biases."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import KeyPooling
from tinysam2.model.layers.positions import rotate

_MAX_WEIGHTS = 2**24  # Largest number of attention weights that are materialized.


@dataclass(frozen=True, slots=True)
class KeyGroups:
    """Keys and values to merge by their mean, after projection and rotation.

    Attributes:
        index: (n,) long, the group of each of the first n keys.
        counts: (g,) members of each group.
        bias: (g,) added to the attention logits of each merged key.
        shift: (g,) added to every channel of each merged key.
    """

    index: Tensor
    counts: Tensor
    bias: Tensor
    shift: Tensor

    @staticmethod
    def of(group: Tensor, pooling: KeyPooling) -> "KeyGroups":
        """Group tokens by the numbers (n,) that they have in common.

        Source:
            EfficientTAM (Xiong et al. 2024, arXiv:2411.18933, eq. 5): a merged key counts as often
            as it has members; code: yformer/EfficientTAM ``modeling/sam/transformer.py``, whose
            second variant adds the logarithm to the keys instead of the logits.
        """
        _, index, counts = group.unique(return_inverse=True, return_counts=True)
        log, nothing = counts.float().log(), torch.zeros_like(counts, dtype=torch.float32)
        bias, shift = (log, nothing) if pooling is KeyPooling.BIAS else (nothing, log)
        return KeyGroups(index, counts, bias, shift)

    def merge(self, k: Tensor, v: Tensor, bias: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Merge keys and values (B, heads, N, dim); also return their biases (B, g + N - n).

        The groups come first, then the other tokens, whose biases are those of ``bias`` (B, N).
        """
        rest = k.shape[-2] - len(self.index)
        others = k.new_zeros(len(k), rest) if bias is None else bias[:, len(self.index) :]
        shift = F.pad(self.shift, (0, rest))[:, None].to(k.dtype)
        biases = torch.cat([self.bias.expand(len(k), -1), others], 1)
        return self._mean(k) + shift, self._mean(v), biases

    def _mean(self, x: Tensor) -> Tensor:
        member, rest = x.split([len(self.index), x.shape[-2] - len(self.index)], -2)
        total = x.new_zeros(*x.shape[:-2], len(self.counts), x.shape[-1])
        total = total.index_add(-2, self.index, member)
        return torch.cat([total / self.counts[:, None].to(x.dtype), rest], -2)


def _attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Compute the attention of queries (B, heads, Nq, C) over keys and values (B, heads, Nk, C).

    On the CPU in bfloat16, two matrix products take less time than torch's fused kernel: a fifth in
    the backward pass, 0.6 times in the forward pass of many queries and keys.  Inference computes
    the queries in parts, so that few attention weights exist at once.  Where gradients are needed,
    which would keep them all, the fused kernel computes large attentions.
    """
    size = q.numel() // q.shape[-1] * k.shape[-2]
    is_kept = torch.is_grad_enabled() and size > _MAX_WEIGHTS
    if q.device.type != "cpu" or q.dtype != torch.bfloat16 or is_kept:
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    rows = max(1, q.shape[-2] * _MAX_WEIGHTS // max(1, size))
    parts = []
    for each in q.split(rows, -2):
        logits = (each * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
        weights = (logits if bias is None else logits + bias).softmax(-1)  # computed in float32
        parts.append(weights.to(v.dtype) @ v)
    return torch.cat(parts, -2)


class Attention(nn.Module):
    """Scaled dot-product attention.

    Args:
        dim: width of queries and of the result.
        heads: attention heads.
        inner: width of the projections; ``dim`` unless given (SAM halves it in cross attention).
        key_dim: width of keys and values; ``dim`` unless given.
    """

    def __init__(
        self, dim: int, heads: int = 1, inner: int | None = None, key_dim: int | None = None
    ) -> None:
        super().__init__()
        inner, key_dim = inner or dim, key_dim or dim
        if inner % heads:
            raise ValueError(f"inner must be a multiple of heads = {heads}, got {inner}")
        self.heads = heads
        self.q_proj = nn.Linear(dim, inner)
        self.k_proj = nn.Linear(key_dim, inner)
        self.v_proj = nn.Linear(key_dim, inner)
        self.out_proj = nn.Linear(inner, dim)

    def forward(
        self,
        q: Tensor,
        k: Tensor,
        v: Tensor,
        q_codes: Tensor | None = None,
        k_codes: Tensor | None = None,
        key_bias: Tensor | None = None,
        groups: KeyGroups | None = None,
    ) -> Tensor:
        """Apply attention.

        Args:
            q: (B or 1, Nq, dim).
            k: (B, Nk, key_dim).
            v: (B, Nk, key_dim).
            q_codes: (Nq, inner / heads / 2, 2) or (B, Nq, ...) `rotary_codes` of the queries.
            k_codes: the same for the keys.
            key_bias: (B, Nk) added to the logits of each key; minus infinity masks it out.
            groups: keys to merge first; they take their own biases in place of ``key_bias``.

        Returns:
            (B, Nq, dim).
        """
        q, k, v = (
            self._split(p(x)) for p, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        )
        if q_codes is not None:
            q = rotate(q, q_codes.unsqueeze(-4))
        if k_codes is not None:
            k = rotate(k, k_codes.unsqueeze(-4))
        if groups is not None:
            k, v, key_bias = groups.merge(k, v, key_bias)
        bias = None if key_bias is None else key_bias[:, None, None].to(q.dtype)
        out = _attend(q.expand(k.shape[0], -1, -1, -1), k, v, bias)
        return self.out_proj(out.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
