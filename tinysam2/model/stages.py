"""Stages of a network: tensors in, tensors out, so that engines other than torch can run them."""

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Protocol

from torch import Tensor

Tensors = tuple[Tensor, ...]
STAGES_VERSION = 4
"""Raised when a stage computes something else than before: what was exported is then useless."""


class NetworkStage(StrEnum):
    """A part of the network that is run as a whole.

    ENCODE_IMAGE computes the feature maps of a tracked image, where masks are completed also what
    SAM's decoder adds of the fine ones; ENCODE_IMAGE_FOR_SAM those of an image with prompts, for
    SAM's decoder too.  ATTEND_IMAGE is the part of memory attention and of the memory encoder that
    objects share, MATCH compares an image with memory, CONDITION is memory attention, DECODE the
    mask decoder of the tracker, REDRAW SAM's decoder given a tracked mask, and ENCODE_MEMORY the
    rest of the memory encoder.
    """

    ENCODE_IMAGE = "encode_image"
    ENCODE_IMAGE_FOR_SAM = "encode_image_for_sam"
    ATTEND_IMAGE = "attend_image"
    MATCH = "match"
    CONDITION = "condition"
    DECODE = "decode"
    REDRAW = "redraw"
    ENCODE_MEMORY = "encode_memory"


StageFunction = Callable[..., Tensors]
"""Computes a stage by torch: takes and returns tensors only."""


class StageRunner(Protocol):
    """Runs the stages of one network."""

    def __call__(
        self, stage: NetworkStage, function: StageFunction, given: Sequence[Tensors]
    ) -> list[Tensors]:
        """Return what ``function`` returns for each of the given inputs, however it is computed."""


def run_by_torch(
    stage: NetworkStage, function: StageFunction, given: Sequence[Tensors]
) -> list[Tensors]:
    """Run a stage as it is written; gradients flow through it."""
    del stage
    return [function(*inputs) for inputs in given]
