"""Attention both ways between prompt tokens and the image map."""

from torch import Tensor, nn

from tinysam2.model.layers.attention import Attention
from tinysam2.model.layers.mlp import Mlp


class TwoWayBlock(nn.Module):
    """Tokens attend to each other, to the image, pass an MLP; then the image attends to them."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, is_first: bool) -> None:
        super().__init__()
        self.self_attn = Attention(dim, heads)
        self.cross_attn_token_to_image = Attention(dim, heads, inner=dim // 2)
        self.mlp = Mlp(dim, mlp_dim, dim, num_layers=2)
        self.cross_attn_image_to_token = Attention(dim, heads, inner=dim // 2)
        self.norm1, self.norm2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.norm3, self.norm4 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.is_first = is_first

    def forward(
        self, tokens: Tensor, image: Tensor, token_pos: Tensor, image_pos: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Update tokens (O, N, dim) and image (O, H * W, dim), each with its position code."""
        if self.is_first:  # the tokens are their own position code here
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            q = tokens + token_pos
            tokens = tokens + self.self_attn(q, q, tokens)
        tokens = self.norm1(tokens)
        q, k = tokens + token_pos, image + image_pos
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(q, k, image))
        tokens = self.norm3(tokens + self.mlp(tokens))
        q = tokens + token_pos
        image = self.norm4(image + self.cross_attn_image_to_token(k, q, tokens))
        return tokens, image


class TwoWayTransformer(nn.Module):
    """SAM's mask decoder transformer: two blocks and a final attention from tokens to image."""

    def __init__(self, dim: int, heads: int, mlp_dim: int, depth: int = 2) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            TwoWayBlock(dim, heads, mlp_dim, is_first=i == 0) for i in range(depth)
        )
        self.final_attn_token_to_image = Attention(dim, heads, inner=dim // 2)
        self.norm_final_attn = nn.LayerNorm(dim)

    def forward(self, image: Tensor, image_pos: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Update tokens and image from each other.

        Args:
            image: (O, H * W, dim).
            image_pos: (1, H * W, dim).
            tokens: (O, N, dim).

        Returns:
            Tokens (O, N, dim) and image (O, H * W, dim).
        """
        token_pos = tokens
        for layer in self.layers:
            tokens, image = layer(tokens, image, token_pos, image_pos)
        q, k = tokens + token_pos, image + image_pos
        tokens = tokens + self.final_attn_token_to_image(q, k, image)
        return self.norm_final_attn(tokens), image
