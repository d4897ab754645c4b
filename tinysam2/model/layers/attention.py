"""Multi-head attention with its own projections, optional rotary codes and key biases."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product, repeat

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import KeyPooling
from tinysam2.model.layers.positions import rotate

_MAX_WEIGHTS = 2**24  # Largest number of attention weights that are kept for gradients.
_PART_BYTES = 2**24  # Size of the attention weights that are computed at once without gradients.


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


def attend(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute the attention of queries over keys and values.

    On the CPU, matrix products take less time than torch's fused kernel in bfloat16, and in float32
    where values are narrower than keys, which the fused kernel does not take.  Where gradients are
    needed, which would keep all attention weights, the fused kernel computes large attentions.

    Args:
        q: (B, heads, Nq, C).
        k: (B, heads, Nk, C).
        v: (B, heads, Nk, D), D at most C.
        bias: (B, 1, 1, Nk) added to the logits of each key.

    Returns:
        (B, heads, Nq, D).
    """
    size = q.numel() // q.shape[-1] * k.shape[-2]
    has_gradients, is_bfloat16 = torch.is_grad_enabled(), q.dtype == torch.bfloat16
    if q.device.type != "cpu" or torch.jit.is_tracing():  # type: ignore[attr-defined, no-untyped-call]
        return F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
    if has_gradients and is_bfloat16 and size <= _MAX_WEIGHTS:
        return _attend_at_once(q, k, v, bias)
    if not has_gradients and (is_bfloat16 or v.shape[-1] < k.shape[-1]):
        return _attend_in_parts(q, k, v, bias)
    wide = F.pad(v, (0, k.shape[-1] - v.shape[-1]))  # the fused kernel needs one width
    return F.scaled_dot_product_attention(q, k, wide, attn_mask=bias)[..., : v.shape[-1]]


def _attend_at_once(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Compute `attend` by products of batches of matrices."""
    logits = (q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2)
    weights = (logits if bias is None else logits + bias).softmax(-1)  # computed in float32
    return weights.to(v.dtype) @ v


def _attend_in_parts(q: Tensor, k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Compute `attend` without gradients, as many attention weights at a time as fit the cache.

    Large attentions are computed head by head: products of matrices take half the time of those of
    batches, which rearrange the keys for each part of the queries.
    """
    most = _PART_BYTES // q.element_size()
    if bias is not None and not bias.any():  # adding nothing takes a fifth of the time
        bias = None
    rows = most // max(1, q.shape[1] * q.shape[2] * k.shape[2])
    if rows and q.dtype == torch.bfloat16:
        biases = repeat(None) if bias is None else bias.split(rows)
        each = zip(q.split(rows), k.split(rows), v.split(rows), biases, strict=False)
        return torch.cat([_attend_at_once(*given) for given in each])
    attend_head = _attend_by_onednn if _has_onednn(q) else _attend_by_products
    out = q.new_empty(*q.shape[:3], v.shape[3])
    for row, head in product(*map(range, q.shape[:2])):
        queries = (q[row, head] * q.shape[3] ** -0.5).split(max(1, most // max(1, k.shape[2])))
        key_bias = None if bias is None else bias[row, 0, 0]
        out[row, head] = attend_head(queries, k[row, head], v[row, head], key_bias)
    return out


def _attend_by_products(
    parts: Sequence[Tensor], k: Tensor, v: Tensor, bias: Tensor | None
) -> Tensor:
    """Attend from scaled queries, parts of (Nq, C), to (Nk, C) and (Nk, D), biases (Nk,)."""
    logits = (q @ k.T if bias is None else torch.addmm(bias, q, k.T) for q in parts)
    return torch.cat([each.softmax(-1) @ v for each in logits])


def _attend_by_onednn(parts: Sequence[Tensor], k: Tensor, v: Tensor, bias: Tensor | None) -> Tensor:
    """Compute `_attend_by_products` in oneDNN's layout.

    Torch multiplies other matrices of float32 by MKL, which takes 1.3 times as long on AMD's
    processors.
    """
    keys, values = k.to_mkldnn(), v.T.contiguous().to_mkldnn()
    key_bias = None if bias is None else bias.to_mkldnn()
    weights = (F.linear(q.to_mkldnn(), keys, key_bias).softmax(-1) for q in parts)
    return torch.cat([F.linear(each, values).to_dense() for each in weights])


def _has_onednn(x: Tensor) -> bool:
    return x.dtype == torch.float32 and torch.backends.mkldnn.is_available()


class Attention(nn.Module):
    """Scaled dot-product attention.

    With one head, attention weights W, values V and their projection P, (W V) P is W (V P).  Where
    values are narrower than their projection, the CPU computes the former, which takes a quarter of
    the products of W for SAM 2's memory.

    Between an image and few prompt tokens, the tokens are projected to the space of the image,
    whose locations then need no projection of their own: less than half of the work, the same
    result.

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
            q_codes: (Nq, 2 * inner / heads) or (B, Nq, ...) `rotary_codes` of the queries.
            k_codes: the same for the keys.
            key_bias: (B, Nk) added to the logits of each key; minus infinity masks it out.
            groups: keys to merge first; they take their own biases in place of ``key_bias``.

        Returns:
            (B, Nq, dim).
        """
        is_plain = all(each is None for each in (q_codes, k_codes, key_bias, groups))
        if is_plain and (found := self._of_few(q, k, v)) is not None:
            return found
        q, k = self._split(self.q_proj(q)), self._split(self.k_proj(k))
        is_late = self._projects_late and q.device.type == "cpu"
        v = v[:, None].to(q.dtype) if is_late else self._split(self.v_proj(v))
        if q_codes is not None:
            q = rotate(q, q_codes.unsqueeze(-3))
        if k_codes is not None:
            k = rotate(k, k_codes.unsqueeze(-3))
        if groups is not None:
            k, v, key_bias = groups.merge(k, v, key_bias)
        bias = None if key_bias is None else key_bias[:, None, None].to(q.dtype)
        out = attend(q.expand(k.shape[0], -1, -1, -1), k, v, bias).transpose(1, 2).flatten(2)
        return self.out_proj(self.v_proj(out) if is_late else out)

    def _of_few(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor | None:
        """Attend where there are few queries or few keys; None where that would be more work."""
        queries, keys, inner = q.shape[1], k.shape[1], self.q_proj.out_features
        if self.heads * queries < min(inner, keys):
            return self._from_few(q, k, v)
        return self._to_few(q, k, v) if self.heads * keys < min(inner, queries) else None

    def _from_few(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend from few queries: (Q Wq) (K Wk)' is ((Q Wq) Wk') K', and W (V Wv) is (W V) Wv.

        The bias of the keys adds the same to all logits of a query, and so changes nothing.
        """
        queries = self._split(self.q_proj(q)) * self._scale
        rows = (queries @ self._by_head(self.k_proj.weight)).flatten(1, 2)
        # Keys come first: OpenVINO would take its fused attention else, which is slower here.
        weights = (k @ rows.transpose(1, 2)).softmax(1)  # (B, Nk, heads * Nq)
        read = weights.transpose(1, 2).to(v.dtype) @ v
        by_head = read.unflatten(1, (self.heads, -1))  # (B, heads, Nq, key_dim)
        values = by_head @ self._by_head(self.v_proj.weight).transpose(1, 2)
        return self.out_proj(values.transpose(1, 2).flatten(2) + self.v_proj.bias)

    def _to_few(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        """Attend to few keys: (Q Wq) (K Wk)' is Q ((K Wk) Wq')', and (W V) Wo is W (V Wo)."""
        keys = self._split(self.k_proj(k)) * self._scale
        rows = (keys @ self._by_head(self.q_proj.weight)).flatten(1, 2)
        bias = (keys @ self.q_proj.bias.view(self.heads, -1, 1)).flatten(1, 2)
        logits = rows @ q.transpose(1, 2) + bias  # (B, heads * Nk, Nq): a softmax of long rows
        weights = logits.unflatten(1, (self.heads, -1)).softmax(2).flatten(1, 2)
        values = self._split(self.v_proj(v)) @ self._by_head(self.out_proj.weight.T)
        return weights.transpose(1, 2).to(values.dtype) @ values.flatten(1, 2) + self.out_proj.bias

    @property
    def _scale(self) -> float:
        return float((self.q_proj.out_features // self.heads) ** -0.5)

    def _by_head(self, weight: Tensor) -> Tensor:
        """Split the rows of a weight (inner, C) by head: (heads, inner / heads, C)."""
        return weight.unflatten(0, (self.heads, -1))

    @property
    def _projects_late(self) -> bool:
        """Whether values are narrower than their projection, and of one head."""
        return self.heads == 1 and self.v_proj.in_features < self.v_proj.out_features

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
