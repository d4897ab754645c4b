"""Multi-layer perceptron."""

from itertools import pairwise

from torch import Tensor, nn
from torch.nn import functional as F


class Mlp(nn.Module):
    """Linear layers with ReLU between them: ``num_layers - 1`` hidden ones of ``hidden`` width."""

    def __init__(
        self, dim_in: int, hidden: int, dim_out: int, num_layers: int, sigmoid: bool = False
    ) -> None:
        super().__init__()
        widths = [dim_in, *[hidden] * (num_layers - 1), dim_out]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(widths))
        self.sigmoid = sigmoid

    def forward(self, x: Tensor) -> Tensor:
        """Map (..., dim_in) to (..., dim_out)."""
        for layer in self.layers[:-1]:
            x = F.relu(layer(x))
        x = self.layers[-1](x)
        return x.sigmoid() if self.sigmoid else x
