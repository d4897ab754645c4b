"""The ImageNet teacher of general features: ResNet-50 v2 (pre-activation), stages 1 to 3."""

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional as F

_UNITS = (3, 4, 6)  # bottlenecks of stages 1, 2, 3
_EPS = 1e-5


class ResNetTeacher(nn.Module):
    """Frozen feature extractor; weights in the GluonCV naming of ``resnet50-v2-7``.

    Source: Identity Mappings in Deep Residual Networks (He et al., ECCV 2016); weights from the
    ONNX model zoo (Apache-2.0).
    """

    def __init__(self, path: Path, dtype: torch.dtype = torch.float32) -> None:
        super().__init__()
        for name, value in load_file(path).items():
            value = value.to(dtype)
            if value.ndim == 4:
                value = value.contiguous(memory_format=torch.channels_last)
            self.register_buffer(name, value, persistent=False)
        self.dtype = dtype

    def _norm(self, x: Tensor, name: str) -> Tensor:
        scale = getattr(self, f"{name}_gamma") / torch.sqrt(
            getattr(self, f"{name}_running_var") + _EPS
        )
        shift = getattr(self, f"{name}_beta") - getattr(self, f"{name}_running_mean") * scale
        return x * scale[:, None, None] + shift[:, None, None]

    def _conv(self, x: Tensor, name: str, stride: int = 1) -> Tensor:
        weight = getattr(self, f"{name}_weight")
        return F.conv2d(x, weight, stride=stride, padding=weight.shape[-1] // 2)

    def _unit(self, x: Tensor, stage: int, unit: int) -> Tensor:
        stride = 2 if unit == 0 and stage > 1 else 1
        conv = 0 if unit == 0 else 3 * unit + 1
        bn = 3 * unit
        h = F.relu(self._norm(x, f"stage{stage}_batchnorm{bn}"))
        shortcut = self._conv(h, f"stage{stage}_conv3", stride) if unit == 0 else x
        h = self._conv(h, f"stage{stage}_conv{conv}")
        h = F.relu(self._norm(h, f"stage{stage}_batchnorm{bn + 1}"))
        h = self._conv(h, f"stage{stage}_conv{conv + 1}", stride)
        h = F.relu(self._norm(h, f"stage{stage}_batchnorm{bn + 2}"))
        return self._conv(h, f"stage{stage}_conv{conv + 2}") + shortcut

    @torch.inference_mode()
    def forward(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Compute the features that the student copies.

        Args:
            image: (B, 3, Hi, Wi) normalized as the student's.

        Returns:
            (B, 512, Hi / 8, Wi / 8) and (B, 1024, Hi / 16, Wi / 16), not negative.
        """
        x = self._norm(image.to(self.dtype), "batchnorm0")
        x = F.relu(self._norm(self._conv(x, "conv0", 2), "batchnorm1"))
        x = F.max_pool2d(x, 3, 2, 1)
        features = []
        for stage, units in enumerate(_UNITS, start=1):
            for unit in range(units):
                x = self._unit(x, stage, unit)
            features.append(F.relu(self._norm(x, f"stage{stage + 1}_batchnorm0")))
        return features[1], features[2]
