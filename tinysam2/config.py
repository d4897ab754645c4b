"""Frozen, validated settings of models and of their memory."""

from dataclasses import dataclass, field
from enum import StrEnum

MAX_IMAGE_SIZE = 4096
"""Largest side of the network's input, pixels; larger values are taken for typing errors."""


@dataclass(frozen=True, slots=True)
class RepVitConfig:
    """Widths and depths of the four stages (strides 4, 8, 16 and 32)."""

    channels: tuple[int, int, int, int] = (48, 96, 192, 384)
    depths: tuple[int, int, int, int] = (2, 2, 14, 2)

    def __post_init__(self) -> None:
        if any(c % 8 for c in self.channels):
            raise ValueError(f"channels must be multiples of 8, got {self.channels}")


REPVIT_VARIANTS: dict[str, RepVitConfig] = {
    "m0_9": RepVitConfig(),
    "m1_0": RepVitConfig((56, 112, 224, 448), (2, 2, 14, 2)),
    "m1_1": RepVitConfig((64, 128, 256, 512), (2, 2, 12, 2)),
    "m1_5": RepVitConfig((64, 128, 256, 512), (4, 4, 24, 4)),
    "m2_3": RepVitConfig((80, 160, 320, 640), (6, 6, 34, 2)),
}


@dataclass(frozen=True, slots=True)
class HieraConfig:
    """Hiera trunk of SAM 2; widths and heads double at each of the three stage changes.

    Attributes:
        width: channels of the first stage.
        heads: attention heads of the first stage.
        depths: blocks of the stages at strides 4, 8, 16 and 32.
        windows: side of the attention window of each stage, in locations of that stage; the first
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

# Source: the configuration files of facebookresearch/sam2 (sam2/configs/sam2.1) and
# yformer/EfficientTAM (configs/efficienttam).
TRUNKS: dict[str, HieraConfig | VitConfig] = {
    "hiera_t": HieraConfig(),
    "hiera_s": HieraConfig(depths=(1, 2, 11, 2), global_blocks=(7, 10, 13)),
    "hiera_b+": HieraConfig(112, 2, (2, 3, 16, 3), (8, 4, 14, 7), (12, 16, 20), 14),
    "hiera_l": HieraConfig(144, 2, (2, 6, 36, 4), (8, 4, 16, 8), (23, 33, 43), 7),
    "vit_ti": VitConfig(),
    "vit_s": VitConfig(384, 6),
}


class MemoryPolicy(StrEnum):
    """How frames enter and leave the memory bank."""

    QUALITY = "quality"
    FIFO = "fifo"
    SAMURAI = "samurai"
    DAM4SAM = "dam4sam"


@dataclass(frozen=True, slots=True)
class MemoryConfig:
    """What the tracker remembers; every part can be switched off and compared.

    Attributes:
        policy: which frames the bank keeps, see `tinysam2.memory.policies`.
        max_frames: frames read at once; at most ``max_frames - 2`` of them are prompted or
            pinned, the closest ones.  More of these may be stored, within the token budget.  By
            the policy `fifo` all but the first of them are read besides, as in SAM 2.  There a
            network that follows SAM 2 and keeps all tokens reads every one of them.
        quality_threshold: least quality, in [0, 1], with which a frame enters the bank.
        pool: side of the window of average pooling; 1 is off.
        keeps_details: locations that show the object are not pooled, as far as there is room.
        keep_ratio: spatial and pointer tokens stored, as a fraction of SAM 2's full bank of
            7 x (size / 16)^2 tokens; None keeps all.
        max_pointers: object pointers read at most; where every prompted frame is read, those of
            ``max_pointers - 1`` others.
    """

    policy: MemoryPolicy = MemoryPolicy.QUALITY
    max_frames: int = 7
    quality_threshold: float = 0.5
    pool: int = 2
    keeps_details: bool = True
    keep_ratio: float | None = 0.07
    max_pointers: int = 8

    def __post_init__(self) -> None:
        for name, least, most in (("max_frames", 2, 1024), ("max_pointers", 1, 1024)):
            value = getattr(self, name)
            if type(value) is not int or not least <= value <= most:
                raise ValueError(
                    f"{name} must be at least {least} and at most {most}, got {value!r}"
                )
        if self.pool not in (1, 2, 4):
            raise ValueError(f"pool must be 1, 2 or 4, got {self.pool}")
        if self.keep_ratio is not None and not 0 < self.keep_ratio <= 1:
            raise ValueError(f"keep_ratio must be in (0, 1], got {self.keep_ratio}")
        if not 0 <= self.quality_threshold <= 1:
            raise ValueError(f"quality_threshold must be in [0, 1], got {self.quality_threshold}")

    def token_budget(self, feature_hw: tuple[int, int]) -> int | None:
        """Return the most tokens a bank may hold at this feature size; None for no limit."""
        if self.keep_ratio is None:
            return None
        return int(self.keep_ratio * full_bank_tokens(feature_hw))


FULL_MEMORY = MemoryConfig(policy=MemoryPolicy.FIFO, pool=1, keep_ratio=None, max_pointers=16)


def full_bank_tokens(feature_hw: tuple[int, int]) -> int:
    """Return the spatial tokens of SAM 2's bank: seven frames, every location."""
    return 7 * feature_hw[0] * feature_hw[1]


class KeyPooling(StrEnum):
    """How memory attention merges keys of 2 x 2 locations when it reads several frames.

    NONE merges nothing.  BIAS adds the logarithm of the number of merged locations to the attention
    logits.  SHIFT adds it to every channel of the keys, as EfficientTAM's /2 checkpoints expect.
    """

    NONE = "none"
    BIAS = "bias"
    SHIFT = "shift"


_LARGEST = {
    "dim": 2048,
    "memory_dim": 1024,
    "mlp_dim": 16384,
    "memory_mlp_dim": 16384,
    "fuser_dim": 16384,
    "mask_dim": 4096,
    "decoder_heads": 64,
    "memory_layers": 32,
}
"""Limits of a configuration; weights files of others must not take all memory."""
MOST_BIAS = 4.0
"""Limit of `ModelConfig.mask_bias` in either direction."""
_OPTIONAL = ("memory_mlp_dim", "fuser_dim")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Shape of a network; the defaults are TinySAM 2's, the options below those of external models.

    Attributes:
        name: of the model, for people.
        repvit: encoder variant, a key of `REPVIT_VARIANTS`.
        dim: width of image features, a multiple of ``memory_dim`` and of 4 x ``decoder_heads``.
        memory_dim: width of memory tokens.
        mlp_dim: hidden width of feed-forward blocks.
        decoder_heads: attention heads of the mask decoder.
        memory_layers: layers of memory attention.
        image_size: default side of the network's input for a square image, pixels, a multiple of
            64; other images are given as large an input of their own proportions.
        memory: default memory settings of the tracker.
        trunk: "repvit", or a key of `TRUNKS` in its place.
        wide_neck: widen strides 8 and 4 to ``dim`` and narrow them again, as SAM 2 does.
        follows_sam2: keep SAM 2's choices where TinySAM 2 has its own.  All images are squashed
            to a square, images and keys carry sine codes, self attention reads every location of
            an image instead of averages, the memory encoder takes features as they are, a given
            mask passes a learned convolution, an unstable single mask gives way to the best of
            three, images without prompt choose among three, the score of a prompted object is not
            raised, and all clicks on an image are predicted from at once.
        pointer_time: object pointers carry a code of their age.
        no_object_code: memory of frames without the object carries a code that says so.
        perceiver: memory maps are stored as latents, as EdgeTAM does.
        key_pooling: whether memory attention merges keys, as EfficientTAM's variants do.
        click_features: tokens of clicks carry the image features of all scales under them.
        matching: a coarse mask is read out of memory by comparing features, beside attention.
        sam_decoder: SAM's decoder predicts the masks of clicks and boxes, on an image embedding of
            its own.
        refines_tracked: SAM's decoder also completes the masks that are read from memory, where
            it is sure; they are remembered so.
        mask_bias: added to the logits of tracked masks when they are returned; what is remembered
            while tracking stays as it is.
        mask_patches: the memory encoder reads masks at stride 4, by patches, and fuses them with
            the features by one block.
        memory_mlp_dim: hidden width of the feed-forward blocks of memory attention; ``mlp_dim`` if
            None.
        fuser_dim: hidden width of the blocks by which the memory encoder fuses masks and features;
            if None four times ``dim``, with ``mask_patches`` twice.
        mask_dim: hidden width of the layers that read masks by patches.
        fused: the branches and norms of RepViT are merged, which is how it trains and runs fast.
    """

    name: str = "tinysam2"
    repvit: str = "m0_9"
    dim: int = 192
    memory_dim: int = 64
    mlp_dim: int = 768
    decoder_heads: int = 8
    memory_layers: int = 2
    image_size: int = 704
    memory: MemoryConfig = field(default_factory=MemoryConfig)
    trunk: str = "repvit"
    wide_neck: bool = False
    follows_sam2: bool = False
    pointer_time: bool = True
    no_object_code: bool = True
    perceiver: bool = False
    key_pooling: KeyPooling = KeyPooling.NONE
    click_features: bool = True
    matching: bool = True
    sam_decoder: bool = False
    refines_tracked: bool = False
    mask_bias: float = 0.0
    mask_patches: bool = False
    memory_mlp_dim: int | None = None
    fuser_dim: int | None = None
    mask_dim: int = 256
    fused: bool = False

    def __post_init__(self) -> None:
        if self.trunk != "repvit" and self.trunk not in TRUNKS:
            raise ValueError(f"trunk must be one of {['repvit', *TRUNKS]}, got {self.trunk!r}")
        if self.repvit not in REPVIT_VARIANTS:
            raise ValueError(f"repvit must be one of {list(REPVIT_VARIANTS)}, got {self.repvit!r}")
        for name, most in _LARGEST.items():
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            if type(value) is not int or not 0 < value <= most:
                raise ValueError(f"{name} must be a whole number from 1 to {most}, got {value!r}")
        if self.dim % self.memory_dim or self.dim % (4 * self.decoder_heads):
            raise ValueError(
                f"dim must be a multiple of memory_dim and of 4 x decoder_heads, got {self.dim}"
            )
        if self.click_features and isinstance(self.encoder, VitConfig):
            raise ValueError(f"click_features must be false with {self.trunk}: it has one scale")
        self._check_masks()
        check_image_size(self.image_size, self.size_step)

    def _check_masks(self) -> None:
        if not -MOST_BIAS <= self.mask_bias <= MOST_BIAS:
            raise ValueError(
                f"mask_bias must be from -{MOST_BIAS:g} to {MOST_BIAS:g}, got {self.mask_bias!r}"
            )
        if self.refines_tracked and not self.sam_decoder:
            raise ValueError("refines_tracked must be false without sam_decoder")
        if self.sam_decoder and self.trunk != "repvit":
            raise ValueError(f"sam_decoder must be false with {self.trunk}: its neck is RepViT's")

    @property
    def size_step(self) -> int:
        """What input sides are multiples of; 16 x 16 windows of stride 16 with a perceiver."""
        return 256 if self.perceiver else 64

    @property
    def encoder(self) -> EncoderConfig:
        """Shape of the image encoder's trunk."""
        return REPVIT_VARIANTS[self.repvit] if self.trunk == "repvit" else TRUNKS[self.trunk]


@dataclass(frozen=True, slots=True)
class TinyVitConfig:
    """TinyViT trunk of MobileSAM and TinySAM; the default is TinyViT-5M.

    Attributes:
        channels: widths of the stages at strides 4, 8, 16 and again 16.
        depths: blocks of each stage.
        heads: attention heads of each stage; the first stage is convolutional and has none.
        windows: side of each stage's attention window, in feature locations of that stage.
    """

    channels: tuple[int, int, int, int] = (64, 128, 160, 320)
    depths: tuple[int, int, int, int] = (2, 2, 6, 2)
    heads: tuple[int, int, int, int] = (0, 4, 5, 10)
    windows: tuple[int, int, int, int] = (0, 7, 14, 7)


@dataclass(frozen=True, slots=True)
class SamConfig:
    """Shape of a promptable network for single images: TinyViT under SAM's decoder.

    Attributes:
        name: of the model, for people.
        trunk: its encoder's trunk.
        image_size: default side of the input for a square image, pixels, a multiple of 64; other
            images are given as large an input of their own proportions.
    """

    name: str
    trunk: TinyVitConfig = field(default_factory=TinyVitConfig)
    image_size: int = 1024

    def __post_init__(self) -> None:
        check_image_size(self.image_size, self.size_step)

    @property
    def size_step(self) -> int:
        """What input sides are multiples of, pixels."""
        return 64

    @property
    def follows_sam2(self) -> bool:
        """Images keep their proportions, other than in SAM 2."""
        return False


def check_image_size(size: int, step: int = 64) -> None:
    """Refuse a network input side that the network cannot take.

    Args:
        size: pixels.
        step: what it must be a multiple of; 64 for strides 32 and pooling by 4.

    Raises:
        ValueError: ``size`` is not a multiple of ``step`` up to `MAX_IMAGE_SIZE`.
    """
    if not step <= size <= MAX_IMAGE_SIZE or size % step:
        raise ValueError(
            f"input size must be a multiple of {step} from {step} to {MAX_IMAGE_SIZE}, got {size}"
        )
