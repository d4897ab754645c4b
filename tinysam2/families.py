"""The neighbouring trackers: their encoders, and how their checkpoints' keys become ours.

Data only; what it describes is built in `tinysam2.encoders` and read by the loader.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tinysam2.config import RepVitConfig

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class HieraConfig:
    """Hiera trunk of SAM 2; widths and heads double at each of the three stage changes.

    Attributes:
        width: channels of the first stage.
        heads: attention heads of the first stage.
        depths: blocks of the stages at strides 4, 8, 16 and 32.
        windows: side of the attention window of each stage, in cells of that stage; the first
            block of a stage still uses the window of the stage before.
        global_blocks: blocks, counted over all stages, that attend to the whole map.
        position_grid: side of the learned background position map.
    """

    width: int = 96
    heads: int = 1
    depths: tuple[int, int, int, int] = (1, 2, 7, 2)
    windows: tuple[int, int, int, int] = (8, 4, 14, 7)
    global_blocks: tuple[int, ...] = (5, 7, 9)
    position_grid: int = 7


@dataclass(frozen=True, slots=True)
class VitConfig:
    """Plain vision transformer of EfficientTAM.

    Attributes:
        width: channels.
        heads: attention heads.
        depth: blocks.
        window: side of the attention window, in patches.
        global_blocks: blocks that attend to the whole map.
        patch: side of a patch, pixels.
        position_grid: side of the learned position map.
    """

    width: int = 192
    heads: int = 3
    depth: int = 12
    window: int = 14
    global_blocks: tuple[int, ...] = (2, 5, 8, 11)
    patch: int = 16
    position_grid: int = 14


EncoderConfig = HieraConfig | RepVitConfig | VitConfig
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


@dataclass(frozen=True, slots=True)
class Family:
    """What is particular to one published checkpoint.

    Attributes:
        encoder: shape of the image encoder's trunk.
        renames: patterns and replacements for its keys, the first that matches counts.
        image_size: side of the square input it was trained with, pixels.
    """

    encoder: EncoderConfig
    renames: Renames
    image_size: int = 1024


_HIERA_SMALL = HieraConfig(depths=(1, 2, 11, 2), global_blocks=(7, 10, 13))
_HIERA_BASE_PLUS = HieraConfig(112, 2, (2, 3, 16, 3), (8, 4, 14, 7), (12, 16, 20), 14)
_HIERA_LARGE = HieraConfig(144, 2, (2, 6, 36, 4), (8, 4, 16, 8), (23, 33, 43), 7)
_VIT_TINY, _VIT_SMALL = VitConfig(), VitConfig(384, 6)

# Source: the configuration files of facebookresearch/sam2 (sam2/configs/sam2.1),
# facebookresearch/EdgeTAM (sam2/configs) and yformer/EfficientTAM (configs/efficienttam).
FAMILIES: dict[str, Family] = {
    "sam2.1_hiera_t": Family(HieraConfig(), HIERA_RENAMES),
    "sam2.1_hiera_s": Family(_HIERA_SMALL, HIERA_RENAMES),
    "sam2.1_hiera_b+": Family(_HIERA_BASE_PLUS, HIERA_RENAMES),
    "sam2.1_hiera_l": Family(_HIERA_LARGE, HIERA_RENAMES),
    "edgetam": Family(RepVitConfig(), EDGETAM_RENAMES),
    "efficienttam_ti": Family(_VIT_TINY, VIT_RENAMES),
    "efficienttam_ti_1": Family(_VIT_TINY, VIT_RENAMES),
    "efficienttam_ti_2": Family(_VIT_TINY, VIT_RENAMES),
    "efficienttam_ti_512x512": Family(_VIT_TINY, VIT_RENAMES, 512),
    "efficienttam_s": Family(_VIT_SMALL, VIT_RENAMES),
    "efficienttam_s_1": Family(_VIT_SMALL, VIT_RENAMES),
    "efficienttam_s_2": Family(_VIT_SMALL, VIT_RENAMES),
    "efficienttam_s_512x512": Family(_VIT_SMALL, VIT_RENAMES, 512),
}


def rename_keys(state: Mapping[str, Value], renames: Renames) -> dict[str, Value]:
    """Give each entry of a published state our name for it.

    Args:
        state: keys as published; keys that no pattern matches stay.
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
