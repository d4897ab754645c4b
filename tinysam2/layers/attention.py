"""Multi-head attention with its own projections, optional rotary codes and key biases."""

from torch import Tensor, nn
from torch.nn import functional as F

from tinysam2.layers.positions import rotate


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
        q_angles: Tensor | None = None,
        k_angles: Tensor | None = None,
        key_bias: Tensor | None = None,
    ) -> Tensor:
        """Attend.

        Args:
            q: (B, Nq, dim).
            k: (B, Nk, key_dim).
            v: (B, Nk, key_dim).
            q_angles: (Nq, inner / heads / 2) or (B, Nq, ...) rotary angles of the queries.
            k_angles: the same for the keys; zero angles leave a key unrotated.
            key_bias: (B, Nk) added to the logits of each key; minus infinity hides it.

        Returns:
            (B, Nq, dim).
        """
        q, k, v = (
            self._split(p(x)) for p, x in ((self.q_proj, q), (self.k_proj, k), (self.v_proj, v))
        )
        if q_angles is not None:
            q = rotate(q, q_angles.unsqueeze(-3))
        if k_angles is not None:
            k = rotate(k, k_angles.unsqueeze(-3))
        bias = None if key_bias is None else key_bias[:, None, None].to(q.dtype)
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=bias)
        return self.out_proj(out.transpose(1, 2).flatten(2))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)
