"""Conditioning image features on memory."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.model.layers.attention import Attention, KeyGroups
from tinysam2.model.layers.positions import grid_rotary_codes, rotary_codes


@dataclass(frozen=True, slots=True)
class ObjectMemory:
    """The memory of one object, as the network reads it.

    Attributes:
        tokens: (n, memory_dim) spatial tokens of all frames.
        xy: (n, 2) their positions in feature locations.
        time_index: (n,) long, their temporal codes: 0 for the closest frame, 6 for conditioning
            frames.
        key_bias: (n,) added to attention logits.
        pointers: (p, dim) object pointers.
        pointer_age: (p,) float, from which their temporal codes are computed.
        code: (n, memory_dim) position codes of the keys, where the network has any.
        group: (n,) long; the keys of tokens with the same number are merged; None to merge none.
    """

    tokens: Tensor
    xy: Tensor
    time_index: Tensor
    key_bias: Tensor
    pointers: Tensor
    pointer_age: Tensor
    code: Tensor | None = None
    group: Tensor | None = None


@dataclass(frozen=True, slots=True)
class GridCodes:
    """Rotary codes of an image's locations.

    Attributes:
        size_hw: (H, W).
        queries: (H * W, dim / 2, 2).
        keys: of the keys of self attention, which may stand for several locations each.
    """

    size_hw: tuple[int, int]
    queries: Tensor
    keys: Tensor


class MemoryAttentionLayer(nn.Module):
    """Self attention over the image, cross attention to memory, feed-forward; all pre-norm."""

    def __init__(self, dim: int, memory_dim: int, mlp_dim: int, pool: int) -> None:
        super().__init__()
        self.pool = pool
        self.self_attn = Attention(dim)
        self.cross_attn = Attention(dim, key_dim=memory_dim)
        self.linear1, self.linear2 = nn.Linear(dim, mlp_dim), nn.Linear(mlp_dim, dim)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim) for _ in range(3))

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        memory_code: Tensor,
        codes: GridCodes,
        memory_codes: Tensor,
        key_bias: Tensor,
        groups: KeyGroups | None = None,
    ) -> Tensor:
        """Update ``x`` (B, H * W, dim), B = O or 1; the other arguments as in `MemoryAttention`.

        Returns:
            (O, H * W, dim).
        """
        h = self.norm1(x)
        image_keys = h if self.pool == 1 else self._pooled(h, codes.size_hw)
        x = x + self.self_attn(h, image_keys, image_keys, codes.queries, codes.keys)
        # In the first layer, objects share the image and its queries.
        h = self.norm2(x)
        keys = memory + memory_code
        x = x + self.cross_attn(h, keys, memory, codes.queries, memory_codes, key_bias, groups)
        return x + self.linear2(F.relu(self.linear1(self.norm3(x))))

    def _pooled(self, x: Tensor, size_hw: tuple[int, int]) -> Tensor:
        """Average windows of locations (B, H * W, dim)."""
        maps = x.transpose(1, 2).unflatten(2, size_hw)
        return F.avg_pool2d(maps, self.pool).flatten(2).transpose(1, 2)


class MemoryAttention(nn.Module):
    """SAM 2's memory attention, for any number of tokens at any positions.

    Differs from SAM 2: keys carry rotary and temporal codes but no absolute sine code, tokens have
    real-valued positions (centers of pooling windows) and a bias per key (the logarithm of the
    number of pooled locations, as in EfficientTAM's Eq. 5).

    Args:
        dim: width of image features.
        memory_dim: width of memory tokens.
        mlp_dim: hidden width of feed-forward blocks.
        num_layers: layers.
        image_pool: side of the windows of locations whose averages are keys and values of self
            attention; 1 is SAM 2's, where each location is a key.
    """

    def __init__(
        self, dim: int, memory_dim: int, mlp_dim: int, num_layers: int, image_pool: int = 1
    ) -> None:
        super().__init__()
        self.dim, self.image_pool = dim, image_pool
        self.layers = nn.ModuleList(
            MemoryAttentionLayer(dim, memory_dim, mlp_dim, image_pool) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(dim)

    def forward(
        self,
        features: Tensor,
        memory: Tensor,
        memory_code: Tensor,
        memory_codes: Tensor,
        key_bias: Tensor,
        groups: KeyGroups | None = None,
    ) -> Tensor:
        """Condition image features on memory.

        Args:
            features: (B, dim, H, W), B = O or 1; H and W multiples of ``image_pool``.
            memory: (O, M, memory_dim) tokens of each object, padded.
            memory_code: (O, M, memory_dim) temporal codes, added to keys only.
            memory_codes: (O, M, dim / 2, 2) rotary codes, those of no rotation for pointers.
            key_bias: (O, M), minus infinity for padding.
            groups: spatial tokens whose keys are merged; one object only.

        Returns:
            (O, dim, H, W).
        """
        height, width = features.shape[-2:]
        x = features.flatten(2).transpose(1, 2)
        codes = self._grid_codes(height, width, x.device)
        for layer in self.layers:
            x = layer(x, memory, memory_code, codes, memory_codes, key_bias, groups)
        return self.norm(x).transpose(1, 2).unflatten(2, (height, width))

    def _grid_codes(self, height: int, width: int, device: torch.device) -> GridCodes:
        side = self.image_pool
        queries = grid_rotary_codes(height, width, self.dim, device)
        keys = grid_rotary_codes(height // side, width // side, self.dim, device, float(side))
        return GridCodes((height, width), queries, keys)

    def codes(self, xy: Tensor) -> Tensor:
        """Return the rotary codes of positions (..., 2) in locations, shared by all layers."""
        return rotary_codes(xy, self.dim)


def pad_tokens(tokens: list[Tensor]) -> Tensor:
    """Stack O tensors (n, ...) of different lengths into (O, max n, ...), padded with zeros."""
    return torch.nn.utils.rnn.pad_sequence(tokens, batch_first=True)
