"""Conditioning image features on memory."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.config import KeyPooling
from tinysam2.model.layers.attention import Attention, KeyGroups
from tinysam2.model.layers.mixed_grid import POOL, MixedGrid, averages
from tinysam2.model.layers.positions import grid_rotary_codes, rotary_codes, sine_code_1d
from tinysam2.model.stages import Tensors

TOKENS_STEP = 16
"""The number of spatial tokens is padded to a multiple of this.

The number of pooled or selected tokens differs from frame to frame, and OpenVINO keeps what it
compiles for each shape.  Whole frames, whose sides are multiples of 4 locations, are never padded:
in bfloat16, attention takes longer with biases, which padding needs.
"""


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
        evidence: (3, H, W) what the matcher found of it in the image that reads it, where that is
            known already; see `FeatureMatcher.compare`.
    """

    tokens: Tensor
    xy: Tensor
    time_index: Tensor
    key_bias: Tensor
    pointers: Tensor
    pointer_age: Tensor
    code: Tensor | None = None
    group: Tensor | None = None
    evidence: Tensor | None = None

    def key_groups(self, pooling: KeyPooling) -> KeyGroups | None:
        """Return which keys are merged, and how; None for none."""
        return None if self.group is None else KeyGroups.of(self.group, pooling)


class MemoryAttentionLayer(nn.Module):
    """Self attention over the image, cross attention to memory, feed-forward; all pre-norm."""

    def __init__(self, dim: int, memory_dim: int, mlp_dim: int) -> None:
        super().__init__()
        self.self_attn = Attention(dim)
        self.cross_attn = Attention(dim, key_dim=memory_dim)
        self.linear1, self.linear2 = nn.Linear(dim, mlp_dim), nn.Linear(mlp_dim, dim)
        self.norm1, self.norm2, self.norm3 = (nn.LayerNorm(dim) for _ in range(3))

    def attend_image(self, x: Tensor, keys: "ImageKeys", codes: Tensor) -> Tensor:
        """Update ``x`` (B, N, dim), with rotary codes (N, ...) or (B, N, ...), by itself."""
        h = self.norm1(x)
        read = keys.of(h)
        return x + self.self_attn(h, read, read, codes, keys.codes)

    def attend_memory(self, x: Tensor, codes: Tensor, memory: "MemoryKeys") -> Tensor:
        """Update ``x`` (B, N, dim), B = O or 1, by the memory of O objects: (O, N, dim)."""
        h = self.norm2(x)
        x = x + self.cross_attn(
            h, memory.keys, memory.values, codes, memory.codes, memory.bias, memory.groups
        )
        return x + self.linear2(F.relu(self.linear1(self.norm3(x))))


@dataclass(frozen=True, slots=True)
class MemoryKeys:
    """What cross attention reads; see `MemoryAttention.forward`."""

    keys: Tensor
    values: Tensor
    codes: Tensor
    bias: Tensor
    groups: KeyGroups | None


@dataclass(frozen=True, slots=True)
class ImageKeys:
    """What self attention reads of an image.

    Attributes:
        codes: rotary codes of the keys.
        of: returns the keys (B, n, dim) from normalized rows.
    """

    codes: Tensor
    of: Callable[[Tensor], Tensor]


class MemoryAttention(nn.Module):
    """SAM 2's memory attention, for any number of tokens at any positions.

    Differs from SAM 2: keys carry rotary and temporal codes but no absolute sine code, tokens have
    real-valued positions (centers of pooling windows) and a bias per key (the logarithm of the
    number of pooled locations, as in EfficientTAM's Eq. 5).  Where images are pooled, self
    attention reads averages of windows of locations, and with a `MixedGrid` everything after the
    first self attention, which is of the image alone, is computed for the rows of that grid.

    Args:
        dim: width of image features.
        memory_dim: width of memory tokens.
        mlp_dim: hidden width of feed-forward blocks.
        num_layers: layers.
        pools_image: whether keys and values of self attention are averages; in SAM 2 each location
            is a key.
    """

    def __init__(
        self, dim: int, memory_dim: int, mlp_dim: int, num_layers: int, pools_image: bool = False
    ) -> None:
        super().__init__()
        self.dim, self.pools_image = dim, pools_image
        self.layers = nn.ModuleList(
            MemoryAttentionLayer(dim, memory_dim, mlp_dim) for _ in range(num_layers)
        )
        self.norm = nn.LayerNorm(dim)

    def attend_image(self, features: Tensor) -> Tensor:
        """Run the first self attention over features (B, dim, H, W), which all objects share."""
        size_hw = features.shape[2], features.shape[3]
        image = self._image_keys(size_hw, features.device)
        codes = grid_rotary_codes(*size_hw, self.dim, features.device)
        x = self._layers()[0].attend_image(features.flatten(2).transpose(1, 2), image, codes)
        return x.transpose(1, 2).unflatten(2, size_hw)

    def forward(
        self,
        features: Tensor,
        memory: Tensor,
        memory_code: Tensor,
        memory_codes: Tensor,
        key_bias: Tensor,
        groups: KeyGroups | None = None,
        grid: MixedGrid | None = None,
    ) -> Tensor:
        """Condition image features on memory.

        Args:
            features: (B, dim, H, W) of `attend_image`, B = O or 1; H and W even where images are
                pooled.
            memory: (O, M, memory_dim) tokens of each object, padded.
            memory_code: (O, M, memory_dim) temporal codes, added to keys only.
            memory_codes: (O, M, 2 * dim) rotary codes, those of no rotation for pointers.
            key_bias: (O, M), minus infinity for padding.
            groups: spatial tokens whose keys are merged; one object only.
            grid: where to condition location by location; everywhere if None.

        Returns:
            (O, dim, H, W).
        """
        size_hw = features.shape[2], features.shape[3]
        keys = MemoryKeys(memory + memory_code, memory, memory_codes, key_bias, groups)
        image = self._image_keys(size_hw, features.device)
        codes = grid_rotary_codes(*size_hw, self.dim, features.device)
        x = features.flatten(2).transpose(1, 2)
        if grid is None:
            x = self._attend(x, codes, keys, image)
        else:
            assert self.pools_image
            start, coarse = grid.read(features), image.codes.expand(len(memory), -1, -1)
            windows = ImageKeys(image.codes, lambda rows: rows[:, : image.codes.shape[0]])
            codes = torch.cat([coarse, codes[grid.locations]], 1)
            x = x + grid.spread(self._attend(start, codes, keys, windows) - start)
        return self.norm(x).transpose(1, 2).unflatten(2, size_hw)

    def _attend(self, x: Tensor, codes: Tensor, memory: MemoryKeys, image: ImageKeys) -> Tensor:
        """Run all layers but for the first self attention."""
        for number, layer in enumerate(self._layers()):
            if number:
                x = layer.attend_image(x, image, codes)
            x = layer.attend_memory(x, codes, memory)
        return x

    def _layers(self) -> list[MemoryAttentionLayer]:
        return cast("list[MemoryAttentionLayer]", list(self.layers))

    def _image_keys(self, size_hw: tuple[int, int], device: torch.device) -> ImageKeys:
        if not self.pools_image:
            return ImageKeys(grid_rotary_codes(*size_hw, self.dim, device), lambda rows: rows)
        height, width = size_hw[0] // POOL, size_hw[1] // POOL
        codes = grid_rotary_codes(height, width, self.dim, device, float(POOL))
        return ImageKeys(codes, lambda rows: averages(rows.transpose(1, 2).unflatten(2, size_hw)))

    def codes(self, xy: Tensor) -> Tensor:
        """Return the rotary codes of positions (..., 2) in locations, shared by all layers."""
        return rotary_codes(xy, self.dim)


def padded(spatial: Iterable[Tensors], pointers: Iterable[Tensors]) -> list[Tensor]:
    """Stack the tokens of O objects, padded with zeros.

    Args:
        spatial: of each object, tensors (n, ...) of its spatial tokens.
        pointers: of each object, tensors (p, ...) of its pointers.

    Returns:
        The tensors (O, N, ...) of ``spatial``, N a multiple of `TOKENS_STEP`, and those (O, P, ...)
        of ``pointers``.
    """
    return [
        _stacked(each, step)
        for rows, step in ((spatial, TOKENS_STEP), (pointers, 1))
        for each in zip(*rows, strict=True)
    ]


def _stacked(rows: Tensors, step: int) -> Tensor:
    """Stack tensors (n, ...), padded with zeros to one length, a multiple of ``step``."""
    count = math.ceil(max(map(len, rows)) / step) * step
    alike = [
        x if len(x) == count else F.pad(x, (0, 0) * (x.dim() - 1) + (0, count - len(x)))
        for x in rows
    ]
    return alike[0][None] if len(alike) == 1 else torch.stack(alike)


def padded_tokens(group: list[ObjectMemory]) -> list[Tensor]:
    """Return the spatial tokens (O, N, memory_dim) of O objects, and where (O, N) there is one."""
    return padded(((m.tokens, _all_true(m.tokens)) for m in group), ())


def known_evidence(group: list[ObjectMemory]) -> Tensor | None:
    """Return what the matcher found of O objects, (O, 3, H, W), if it is known of all."""
    known = [m.evidence for m in group if m.evidence is not None]
    return torch.stack(known) if len(known) == len(group) else None


def spatial_tokens(memory: ObjectMemory, time_codes: Tensor) -> Tensors:
    """Return an object's spatial tokens: values, codes, positions, key biases, and ones."""
    code = time_codes[memory.time_index]
    if memory.code is not None:
        code = code + memory.code
    tokens = memory.tokens
    return tokens, code, memory.xy, memory.key_bias, _all_true(tokens)


def pointer_tokens(memory: ObjectMemory, size: int, time_proj: nn.Module | None) -> Tensors:
    """Return an object's pointers, split into tokens of a size: values, codes, and ones."""
    dim = memory.pointers.shape[-1]
    pointers = memory.pointers.reshape(-1, size)
    code = torch.zeros_like(pointers)
    if time_proj is not None:
        age = sine_code_1d(memory.pointer_age, dim)
        code = time_proj(age).repeat_interleave(dim // size, 0)
    return pointers, code, _all_true(pointers)


def _all_true(tokens: Tensor) -> Tensor:
    """Return (n,) True for tokens (n, C), which padding leaves False."""
    return torch.ones(len(tokens), dtype=torch.bool, device=tokens.device)
