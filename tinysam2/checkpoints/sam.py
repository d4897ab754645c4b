"""Loads external SAM checkpoints with a TinyViT encoder; every key must be used once."""

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from tinysam2.checkpoints.external import read_external
from tinysam2.checkpoints.key_maps import Renames, rename_keys
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
    (r"^prompt_encoder\.pe_layer\..*matrix$", f"{_DECODER}.prompt_encoder.positions.matrix"),
    (
        r"^prompt_encoder\.point_embeddings\.(\d)\.weight$",
        rf"{_DECODER}.prompt_encoder.label_embed.weight[\1]",
    ),
    (r"^prompt_encoder\.not_a_point_embed\.weight$", f"{_DECODER}.prompt_encoder.not_a_point"),
    (r"^prompt_encoder\.no_mask_embed\.weight$", f"{_DECODER}.prompt_encoder.no_mask"),
    (r"^prompt_encoder\.mask_downscaling\.", f"{_DECODER}.prompt_encoder.mask_embed."),
    (r"^mask_decoder\.(iou_token|mask_tokens)\.weight$", rf"{_DECODER}.mask_decoder.\1"),
    (r"^mask_decoder\.output_upscaling\.0\.", f"{_DECODER}.mask_decoder.upscale1."),
    (r"^mask_decoder\.output_upscaling\.1\.", f"{_DECODER}.mask_decoder.upscale_norm."),
    (r"^mask_decoder\.output_upscaling\.3\.", f"{_DECODER}.mask_decoder.upscale2."),
    (r"^mask_decoder\.output_hypernetworks_mlps\.", f"{_DECODER}.mask_decoder.mask_heads."),
    (r"^mask_decoder\.iou_prediction_head\.", f"{_DECODER}.mask_decoder.iou_head."),
    (
        r"^mask_decoder\.(transformer\.layers\.\d+\.mlp)\.lin1\.",
        rf"{_DECODER}.mask_decoder.\1.layers.0.",
    ),
    (
        r"^mask_decoder\.(transformer\.layers\.\d+\.mlp)\.lin2\.",
        rf"{_DECODER}.mask_decoder.\1.layers.1.",
    ),
    (r"^mask_decoder\.transformer\.", f"{_DECODER}.mask_decoder.transformer."),
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
    state: dict[str, Tensor] = {}
    labels: dict[int, Tensor] = {}
    for key, value in renamed.items():
        if row := re.fullmatch(r"(.+)\[(\d+)\]", key):
            labels[int(row[2])] = value
        else:
            is_vector = key.endswith((".not_a_point", ".no_mask"))
            state[key] = value.flatten() if is_vector else value
    if labels:
        rows = torch.cat([labels[number] for number in sorted(labels)])
        state[f"{_DECODER}.prompt_encoder.label_embed.weight"] = rows
    return {key: v.float() if v.is_floating_point() else v for key, v in state.items()}


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
