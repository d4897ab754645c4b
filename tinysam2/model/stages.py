"""Stages of a network: tensors in, tensors out, so that engines other than torch can run them."""

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from torch import Tensor

Tensors = tuple[Tensor, ...]


class NetworkStage(StrEnum):
    """A part of the network that is run as a whole.

    ENCODE_IMAGE computes an image's feature maps, ENCODE_IMAGE_FOR_SAM also what SAM's decoder
    reads.  CONDITION is memory attention and the matcher, DECODE the mask decoder of the tracker,
    ENCODE_MEMORY the memory encoder.
    """

    ENCODE_IMAGE = "encode_image"
    ENCODE_IMAGE_FOR_SAM = "encode_image_for_sam"
    CONDITION = "condition"
    DECODE = "decode"
    ENCODE_MEMORY = "encode_memory"


StageFunction = Callable[..., Tensors]
"""Computes a stage by torch: takes and returns tensors only."""


class StageRunner(Protocol):
    """Runs the stages of one network."""

    def __call__(self, stage: NetworkStage, function: StageFunction, *inputs: Tensor) -> Tensors:
        """Return what ``function(*inputs)`` returns, however it is computed."""


def run_by_torch(stage: NetworkStage, function: StageFunction, *inputs: Tensor) -> Tensors:
    """Run a stage as it is written; gradients flow through it."""
    del stage
    return function(*inputs)
