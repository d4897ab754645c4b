"""External models: their configurations, and the key maps that rename their checkpoints' keys.

`tinysam2.model.network` builds the networks, `tinysam2.checkpoints.convert` loads the weights.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

import torch
from torch import Tensor

from tinysam2.config import FULL_MEMORY, KeyPooling, ModelConfig

Value = TypeVar("Value")
Renames = tuple[tuple[str, str], ...]

_BLOCK: Renames = (
    (r"^(image_encoder\.trunk)\.patch_embed\.proj\.", r"\1.patch_embed."),
    (r"^(image_encoder\.trunk\.blocks\.\d+\.mlp)\.layers\.0\.", r"\1.0."),
    (r"^(image_encoder\.trunk\.blocks\.\d+\.mlp)\.layers\.1\.", r"\1.2."),
)
_FPN: Renames = (
    (r"^image_encoder\.neck\.convs\.0\.conv\.", "image_encoder.neck.lateral_s32."),
    (r"^image_encoder\.neck\.convs\.1\.conv\.", "image_encoder.neck.lateral_s16."),
    (r"^image_encoder\.neck\.convs\.2\.conv\.", "image_encoder.neck.lateral_s8."),
    (r"^image_encoder\.neck\.convs\.3\.conv\.", "image_encoder.neck.lateral_s4."),
    (r"^sam_mask_decoder\.conv_s1\.", "image_encoder.neck.narrow_s8."),
    (r"^sam_mask_decoder\.conv_s0\.", "image_encoder.neck.narrow_s4."),
)
HIERA_RENAMES: Renames = (
    (r"^(image_encoder\.trunk\.blocks\.\d+)\.proj\.", r"\1.widen."),
    *_BLOCK,
    *_FPN,
)
VIT_RENAMES: Renames = (
    *_BLOCK,
    (r"^image_encoder\.neck\.convs\.0\.conv_1x1\.", "image_encoder.neck.0."),
    (r"^image_encoder\.neck\.convs\.0\.norm_0\.", "image_encoder.neck.1."),
    (r"^image_encoder\.neck\.convs\.0\.conv_3x3\.", "image_encoder.neck.2."),
    (r"^image_encoder\.neck\.convs\.0\.norm_1\.", "image_encoder.neck.3."),
)
EDGETAM_RENAMES: Renames = (
    (r"^image_encoder\.trunk\.body\.stages_(\d)\.", r"image_encoder.trunk.stages.\1."),
    (r"^image_encoder\.trunk\.body\.stem\.", "image_encoder.trunk.stem."),
    *_FPN,
    (r"^(spatial_perceiver)\.latents$", r"\1.global_latents"),
    (r"^(spatial_perceiver)\.latents_2d$", r"\1.window_latents"),
    (r"^(spatial_perceiver\.layers\.\d+)\.attn\.norm_x\.", r"\1.cross_attn.source_norm."),
    (r"^(spatial_perceiver\.layers\.\d+)\.attn\.norm_latents\.", r"\1.cross_attn.norm."),
    (r"^(spatial_perceiver\.layers\.\d+)\.attn\.", r"\1.cross_attn."),
    (r"^(spatial_perceiver\.layers\.\d+)\.ff\.", r"\1.cross_mlp."),
    (r"^(spatial_perceiver\.layers\.\d+)\.self_ff\.", r"\1.self_mlp."),
)


def decoder_renames(prefix: str, new_prefix: str) -> Renames:
    """Return the renames of a SAM prompt encoder and mask decoder.

    A new name that ends with ``[i]`` stands for row i of a tensor.

    Args:
        prefix: of the names of both modules in the external state.
        new_prefix: of their names in our network.
    """
    prompts, masks = rf"^{prefix}prompt_encoder\.", rf"^{prefix}mask_decoder\."
    new_prompts, new_masks = f"{new_prefix}prompt_encoder.", f"{new_prefix}mask_decoder."
    return (
        (rf"{prompts}pe_layer\..*matrix$", f"{new_prompts}positions.matrix"),
        (
            rf"{prompts}point_embeddings\.(\d)\.weight$",
            rf"{new_prompts}label_embed.weight[\1]",
        ),
        (rf"{prompts}not_a_point_embed\.weight$", f"{new_prompts}not_a_point"),
        (rf"{prompts}no_mask_embed\.weight$", f"{new_prompts}no_mask"),
        (rf"{prompts}mask_downscaling\.", f"{new_prompts}mask_embed."),
        (rf"{masks}(iou_token|mask_tokens)\.weight$", rf"{new_masks}\1"),
        (rf"{masks}output_upscaling\.0\.", f"{new_masks}upscale1."),
        (rf"{masks}output_upscaling\.1\.", f"{new_masks}upscale_norm."),
        (rf"{masks}output_upscaling\.3\.", f"{new_masks}upscale2."),
        (rf"{masks}output_hypernetworks_mlps\.", f"{new_masks}mask_heads."),
        (rf"{masks}iou_prediction_head\.", f"{new_masks}iou_head."),
        (rf"{masks}transformer\.", f"{new_masks}transformer."),
    )


# Keys of everything but the encoder; applied after one of the tables above.
TRACKER_RENAMES: Renames = (
    (r"^image_encoder\.", ""),
    (r"^maskmem_tpos_enc$", "time_code"),
    (r"^no_mem_embed$", "no_memory"),
    (r"^no_obj_ptr$", "no_object_pointer"),
    (r"^no_obj_embed_spatial$", "memory_encoder.no_object"),
    (r"^obj_ptr_proj\.", "pointer_proj."),
    (r"^obj_ptr_tpos_proj\.", "pointer_time_proj."),
    (r"^(memory_attention\.layers\.\d+)\.cross_attn_image\.", r"\1.cross_attn."),
    (r"^(memory_encoder\.mask_downsampler)\.encoder\.12\.", r"\1.project."),
    (r"^(memory_encoder\.mask_downsampler)\.encoder\.", r"\1.steps."),
    (r"^memory_encoder\.pix_feat_proj\.", "memory_encoder.feature_proj."),
    (r"^(memory_encoder\.fuser)\.layers\.(\d)\.gamma$", r"\1.\2.scale"),
    (r"^(memory_encoder\.fuser)\.layers\.(\d)\.dwconv\.", r"\1.\2.depthwise."),
    (r"^(memory_encoder\.fuser)\.layers\.(\d)\.pwconv1\.", r"\1.\2.expand."),
    (r"^(memory_encoder\.fuser)\.layers\.(\d)\.pwconv2\.", r"\1.\2.project."),
    (r"^(memory_encoder\.fuser)\.layers\.(\d)\.norm\.", r"\1.\2.norm."),
    (r"^sam_mask_decoder\.obj_score_token\.weight$", "mask_decoder.object_token"),
    (r"^sam_mask_decoder\.pred_obj_score_head\.", "mask_decoder.object_head."),
    *decoder_renames("sam_", ""),
)
# In every checkpoint, read by no configuration: memory without a previous frame.
UNREAD_KEYS = ("no_mem_pos_enc",)


@dataclass(frozen=True, slots=True)
class ExternalModel:
    """Configuration and key map of one external checkpoint.

    Attributes:
        config: shape of its network.
        renames: patterns and replacements for its encoder's keys, the first that matches counts.
    """

    config: ModelConfig
    renames: Renames


_SAM2 = ModelConfig(
    dim=256,
    mlp_dim=2048,
    memory_layers=4,
    image_size=1024,
    memory=FULL_MEMORY,
    wide_neck=True,
    follows_sam2=True,
    click_features=False,
    matching=False,
)
_UNCODED = replace(_SAM2, pointer_time=False, no_object_code=False)
_EDGETAM = replace(_UNCODED, name="edgetam", memory_layers=2, perceiver=True)


def _sam2(size: str, trunk: str) -> ExternalModel:
    return ExternalModel(replace(_SAM2, name=f"sam2.1-hiera-{size}", trunk=trunk), HIERA_RENAMES)


def _efficienttam(
    variant: str, pooling: KeyPooling = KeyPooling.NONE, image_size: int = 1024
) -> ExternalModel:
    config = replace(
        _UNCODED,
        name=f"efficienttam-{variant.replace('_', '-')}",
        trunk=f"vit_{variant.partition('_')[0]}",
        image_size=image_size,
        key_pooling=pooling,
    )
    return ExternalModel(config, VIT_RENAMES)


# Source: the configuration files of facebookresearch/sam2 (sam2/configs/sam2.1),
# facebookresearch/EdgeTAM (sam2/configs) and yformer/EfficientTAM (configs/efficienttam).
EXTERNAL_MODELS: dict[str, ExternalModel] = {
    "sam2.1_hiera_t": _sam2("tiny", "hiera_t"),
    "sam2.1_hiera_s": _sam2("small", "hiera_s"),
    "sam2.1_hiera_b+": _sam2("base-plus", "hiera_b+"),
    "sam2.1_hiera_l": _sam2("large", "hiera_l"),
    "edgetam": ExternalModel(_EDGETAM, EDGETAM_RENAMES),
    "efficienttam_ti": _efficienttam("ti"),
    "efficienttam_ti_1": _efficienttam("ti_1", KeyPooling.BIAS),
    "efficienttam_ti_2": _efficienttam("ti_2", KeyPooling.SHIFT),
    "efficienttam_ti_512x512": _efficienttam("ti_512x512", image_size=512),
    "efficienttam_s": _efficienttam("s"),
    "efficienttam_s_1": _efficienttam("s_1", KeyPooling.BIAS),
    "efficienttam_s_2": _efficienttam("s_2", KeyPooling.SHIFT),
    "efficienttam_s_512x512": _efficienttam("s_512x512", image_size=512),
}


def rename_keys(state: Mapping[str, Value], renames: Renames) -> dict[str, Value]:
    """Rename the keys of an external state.

    Args:
        state: original keys; keys that no pattern matches stay.
        renames: patterns and replacements; the first that matches a key is applied to it.

    Returns:
        The same values under the new keys, in the same order.

    Raises:
        ValueError: two entries would get one name.
    """
    renamed: dict[str, Value] = {}
    for key, value in state.items():
        name = _rename(key, renames)
        if name in renamed:
            raise ValueError(f"two keys of the state are both {name!r} here, one is {key!r}")
        renamed[name] = value
    return renamed


def _rename(key: str, renames: Iterable[tuple[str, str]]) -> str:
    for pattern, replacement in renames:
        name, count = re.subn(pattern, replacement, key)
        if count:
            return name
    return key


def join_rows(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Join the entries ``NAME[i]`` of a renamed state, each row i of a tensor, into ``NAME``."""
    joined: dict[str, Tensor] = {}
    rows: dict[str, dict[int, Tensor]] = {}
    for key, value in state.items():
        if row := re.fullmatch(r"(.+)\[(\d+)\]", key):
            rows.setdefault(row[1], {})[int(row[2])] = value
        else:
            joined[key] = value
    for name, parts in rows.items():
        joined[name] = torch.cat([parts[i] for i in sorted(parts)])
    return joined
