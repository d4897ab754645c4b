import math
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from tinysam2.config import KeyPooling
from tinysam2.model.layers import attention as layer
from tinysam2.model.layers.attention import Attention, KeyGroups
from tinysam2.model.layers.positions import rotary_codes, rotate


@torch.inference_mode()
def test_pooled_key_with_log_bias_counts_as_often_as_it_stands_for() -> None:
    attention = Attention(16, heads=2)
    q, lone, common = torch.randn(1, 3, 16), torch.randn(1, 1, 16), torch.randn(1, 1, 16)
    spelled_out = torch.cat([lone, common.expand(1, 4, 16)], 1)
    pooled = torch.cat([lone, common], 1)
    bias = torch.tensor([[0.0, math.log(4)]])
    torch.testing.assert_close(
        attention(q, pooled, pooled, key_bias=bias), attention(q, spelled_out, spelled_out)
    )


@torch.inference_mode()
def test_padding_is_not_seen() -> None:
    attention = Attention(16, key_dim=8)
    q, keys = torch.randn(2, 3, 16), torch.randn(2, 5, 8)
    padded = torch.cat([keys, torch.full((2, 2, 8), 1e3)], 1)
    bias = torch.tensor([[0.0] * 5 + [float("-inf")] * 2]).expand(2, 7)
    torch.testing.assert_close(
        attention(q, padded, padded, key_bias=bias), attention(q, keys, keys)
    )


def test_heads_must_divide_the_width() -> None:
    with pytest.raises(ValueError, match="inner must be a multiple of heads = 3, got 16"):
        Attention(16, heads=3)


@torch.inference_mode()
def test_half_precision_attends_alike() -> None:
    torch.manual_seed(0)
    attention = Attention(32, heads=2)
    q, keys, bias = torch.randn(2, 9, 32), torch.randn(2, 7, 32), torch.randn(2, 7)
    bias[1, 4:] = float("-inf")
    exact = attention(q, keys, keys, key_bias=bias)
    with torch.autocast("cpu", torch.bfloat16):
        rough = attention(q, keys, keys, key_bias=bias)
    assert rough.dtype == torch.bfloat16
    torch.testing.assert_close(rough.float(), exact, atol=0.02, rtol=0.02)


@pytest.mark.parametrize("counts", [(3, 40), (40, 3), (1, 13), (13, 1), (5, 40), (40, 5), (3, 4)])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_prompt_tokens_and_image_attend_as_if_both_were_projected(
    counts: tuple[int, int], precision: torch.dtype
) -> None:
    torch.manual_seed(0)
    attention = Attention(24, heads=4, inner=16)
    q, k, v = (torch.randn(2, n, 24, requires_grad=True) for n in (*counts, counts[1]))
    projected = (attention.q_proj(q), attention.k_proj(k), attention.v_proj(v))
    by_head = (each.unflatten(-1, (4, 4)).transpose(1, 2) for each in projected)
    read = F.scaled_dot_product_attention(*by_head).transpose(1, 2).flatten(2)
    expected = attention.out_proj(read)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        found = attention(q, k, v)
    error = 1e-5 if precision is torch.float32 else 0.03
    torch.testing.assert_close(found.float(), expected, atol=error, rtol=error)
    given = [q, k, v, *attention.q_proj.parameters(), *attention.out_proj.parameters()]
    given += [attention.k_proj.weight, *attention.v_proj.parameters()]
    ours, theirs = (torch.autograd.grad(x.float().square().sum(), given) for x in (found, expected))
    for our, their in zip(ours, theirs, strict=True):
        scale = float(their.abs().max())
        torch.testing.assert_close(our, their, atol=2 * error * scale, rtol=0)


def test_few_tokens_need_no_projection_of_an_image() -> None:
    attention = Attention(24, heads=4, inner=16)
    image, tokens = torch.randn(1, 40, 24), torch.randn(1, 3, 24)
    rows = list[int]()
    projections = attention.q_proj, attention.k_proj, attention.v_proj, attention.out_proj
    for each in projections:
        each.register_forward_hook(lambda _, given, __: rows.append(given[0].shape[1]))
    attention(tokens, image, image)
    attention(image, tokens, tokens)
    assert set(rows) == {3}


def late_attention() -> Attention:
    """Return attention to keys narrower than the projection of their values."""
    torch.manual_seed(0)
    return Attention(32, key_dim=8)


@dataclass(frozen=True)
class Memory:
    """Queries (1, 7, 32) that two objects share, and their keys and values (2, 9, 8)."""

    q: Tensor
    keys: Tensor
    values: Tensor
    q_codes: Tensor
    k_codes: Tensor
    bias: Tensor

    @staticmethod
    def random() -> "Memory":
        torch.manual_seed(1)
        bias = torch.randn(2, 9)
        bias[1, 6:] = float("-inf")
        codes = rotary_codes(torch.rand(7, 2) * 9, 32), rotary_codes(torch.rand(2, 9, 2) * 9, 32)
        return Memory(
            torch.randn(1, 7, 32), torch.randn(2, 9, 8), torch.randn(2, 9, 8), *codes, bias
        )

    def attend(self, attention: Attention, groups: KeyGroups | None = None) -> Tensor:
        codes = self.q_codes, self.k_codes
        found: Tensor = attention(self.q, self.keys, self.values, *codes, self.bias, groups)
        return found

    def projected_first(self, attention: Attention, groups: KeyGroups | None = None) -> Tensor:
        """Compute `attend` by its definition: values are projected, then averaged."""
        q = rotate(attention.q_proj(self.q), self.q_codes)
        k = rotate(attention.k_proj(self.keys), self.k_codes)
        v, bias = attention.v_proj(self.values), self.bias
        if groups is not None:
            k, v, bias = groups.merge(k, v, bias)
        weights = (q @ k.mT * 32**-0.5 + bias[:, None]).softmax(-1)
        found: Tensor = attention.out_proj(weights @ v)
        return found


SOME_GROUPS = KeyGroups.of(torch.tensor([5, 0, 5, 5, 0]), KeyPooling.BIAS)
"""Of the first five keys; the others keep their biases."""


@pytest.mark.parametrize("groups", [None, SOME_GROUPS])
@pytest.mark.parametrize("has_gradients", [False, True])
@pytest.mark.parametrize("has_onednn", [False, True])
def test_projecting_narrow_values_after_attention_changes_nothing(
    groups: KeyGroups | None,
    has_gradients: bool,
    has_onednn: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: has_onednn)
    attention, memory = late_attention(), Memory.random()
    with torch.set_grad_enabled(has_gradients):
        found, expected = (f(attention, groups) for f in (memory.attend, memory.projected_first))
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("largest", [2**24, 1])
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
def test_narrow_values_have_the_gradients_of_values_projected_first(
    largest: int, precision: torch.dtype, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layer, "_MAX_WEIGHTS", largest)
    attention, memory = late_attention(), Memory.random()
    given = [*attention.parameters(), memory.q, memory.keys, memory.values]
    for each in given:
        each.requires_grad_()
    expected = torch.autograd.grad(memory.projected_first(attention).square().sum(), given)
    with torch.autocast("cpu", torch.bfloat16, enabled=precision is torch.bfloat16):
        found = memory.attend(attention)
    gradients = torch.autograd.grad(found.float().square().sum(), given)
    error = 1e-5 if precision is torch.float32 else 0.05
    for ours, theirs in zip(gradients, expected, strict=True):
        scale = float(theirs.abs().max()) + 1e-3  # the bias of keys has none
        torch.testing.assert_close(ours, theirs, atol=error * scale, rtol=0)


@torch.inference_mode()
@pytest.mark.parametrize("precision", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("width", [8, 4])
@pytest.mark.parametrize("has_bias", [False, True])
@pytest.mark.parametrize("has_onednn", [False, True])
@pytest.mark.parametrize("part_bytes", [2**24, 240, 40, 1])  # of all, a row, few queries, one
def test_attention_in_parts_is_that_of_all_queries_at_once(
    precision: torch.dtype,
    width: int,
    has_bias: bool,
    has_onednn: bool,
    part_bytes: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, n, dim) for n, dim in ((7, 8), (5, 8), (5, width)))
    bias = torch.randn(2, 1, 1, 5) if has_bias else None
    exact = F.scaled_dot_product_attention(q, k, v, bias)
    monkeypatch.setattr(layer, "_PART_BYTES", part_bytes)
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: has_onednn)
    given = (None if each is None else each.to(precision) for each in (q, k, v, bias))
    error = 1e-5 if precision is torch.float32 else 0.05
    torch.testing.assert_close(layer.attend(*given).float(), exact, atol=error, rtol=error)
