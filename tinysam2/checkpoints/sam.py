"""Loads external SAM checkpoints with a TinyViT encoder; every key must be used once."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tinysam2.checkpoints.external import read_external
from tinysam2.checkpoints.key_maps import Renames, decoder_renames, join_rows, rename_keys
from tinysam2.checkpoints.native import CheckpointError, load_state
from tinysam2.config import SamConfig
from tinysam2.model.sam import Sam

SAM_MODELS = {name: SamConfig(name) for name in ("tinysam", "mobilesam")}

_NORM_EPSILON = 1e-5
# The classifier of TinyViT's pretraining, which MobileSAM's and TinySAM's files still hold.
_UNREAD = re.compile(r"^image_encoder\.(norm_head|head)\.|\.attention_bias_idxs$")

_DECODER = "sam_decoder"
SAM_RENAMES: Renames = (
    (r"^image_encoder\.patch_embed\.seq\.0\.c\.", "trunk.patch_embed.0."),
    (r"^image_encoder\.patch_embed\.seq\.2\.c\.", "trunk.patch_embed.1."),
    (r"^image_encoder\.layers\.(\d+\..*\w+)\.c\.", r"trunk.stages.\1."),
    (r"^image_encoder\.layers\.", "trunk.stages."),
    (r"^image_encoder\.neck\.", "neck."),
    (
        r"^mask_decoder\.(transformer\.layers\.\d+\.mlp)\.lin1\.",
        rf"{_DECODER}.mask_decoder.\1.layers.0.",
    ),
    (
        r"^mask_decoder\.(transformer\.layers\.\d+\.mlp)\.lin2\.",
        rf"{_DECODER}.mask_decoder.\1.layers.1.",
    ),
    *decoder_renames("", f"{_DECODER}."),
)


def load_sam(name: str, path: Path) -> Sam:
    """Build a network for single images and load its external checkpoint.

    Args:
        name: a key of `SAM_MODELS`.
        path: ``mobile_sam.pt`` or ``tinysam.pth`` as downloaded, or a ``.safetensors`` file of the
            same keys with batch norms already merged into their convolutions.

    Raises:
        CheckpointError: the file is missing, damaged, holds code or belongs to another model.
    """
    network = Sam(SAM_MODELS[name])
    load_state(network, sam_state(read_external(path), path), path)
    return network


def sam_state(external: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Convert an external state to the names of `Sam`, float32, batch norms merged.

    Keys that have no place there keep their names, for the strict loader to refuse.

    Raises:
        CheckpointError: a batch norm lacks one of its tensors.
    """
    kept = {key: value for key, value in external.items() if not _UNREAD.search(key)}
    renamed = rename_keys(_without_norms(kept, path), SAM_RENAMES)
    state = {}
    for key, value in join_rows(renamed).items():
        is_vector = key.endswith((".not_a_point", ".no_mask"))
        shaped = value.flatten() if is_vector else value
        state[key] = shaped.float() if shaped.is_floating_point() else shaped
    return state


def _without_norms(state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Merge each ``NAME.bn`` into the convolution ``NAME.c`` before it."""
    merged = {key: value for key, value in state.items() if ".bn." not in key}
    for name in {key.partition(".bn.")[0] for key in state if ".bn." in key}:
        try:
            weight, bias, mean, variance = (
                state[f"{name}.bn.{part}"].float()
                for part in ("weight", "bias", "running_mean", "running_var")
            )
            kernel = state[f"{name}.c.weight"].float()
        except KeyError as error:
            raise CheckpointError(
                f"The weights file {path} lacks {error.args[0]}: it is not whole."
            ) from error
        scale = weight / torch.sqrt(variance + _NORM_EPSILON)
        merged[f"{name}.c.weight"] = kernel * scale[:, None, None, None]
        merged[f"{name}.c.bias"] = bias - mean * scale
    return merged
