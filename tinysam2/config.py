"""Frozen, validated settings of models and of their memory."""

from dataclasses import dataclass, field
from enum import StrEnum

MAX_IMAGE_SIZE = 4096  # pixels; above it a slip of the keyboard is likelier than a wish


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
        max_frames: frames in the bank, prompted ones included.
        quality_threshold: least quality, in [0, 1], with which a frame enters the bank.
        pool: side of the square of memory cells that average pooling merges; 1 is off.
        keep_ratio: spatial and pointer tokens stored, as a share of SAM 2's full bank of
            7 x (size / 16)^2 tokens; None keeps all.
        max_pointers: object pointers read at most.
    """

    policy: MemoryPolicy = MemoryPolicy.QUALITY
    max_frames: int = 7
    quality_threshold: float = 0.5
    pool: int = 2
    keep_ratio: float | None = 0.07
    max_pointers: int = 8

    def __post_init__(self) -> None:
        if self.max_frames < 2:
            raise ValueError(f"max_frames must be at least 2, got {self.max_frames}")
        if self.pool not in (1, 2, 4):
            raise ValueError(f"pool must be 1, 2 or 4, got {self.pool}")
        if self.keep_ratio is not None and not 0 < self.keep_ratio <= 1:
            raise ValueError(f"keep_ratio must be in (0, 1], got {self.keep_ratio}")
        if not 0 <= self.quality_threshold <= 1:
            raise ValueError(f"quality_threshold must be in [0, 1], got {self.quality_threshold}")
        if self.max_pointers < 1:
            raise ValueError(f"max_pointers must be at least 1, got {self.max_pointers}")

    def token_budget(self, feature_hw: tuple[int, int]) -> int | None:
        """Return the most tokens a bank may hold at this feature size; None for no limit."""
        if self.keep_ratio is None:
            return None
        return int(self.keep_ratio * full_bank_tokens(feature_hw))


FULL_MEMORY = MemoryConfig(policy=MemoryPolicy.FIFO, pool=1, keep_ratio=None, max_pointers=16)


def full_bank_tokens(feature_hw: tuple[int, int]) -> int:
    """Return the spatial tokens of SAM 2's bank: seven frames, every cell."""
    return 7 * feature_hw[0] * feature_hw[1]


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """Shape of a TinySAM 2 network.

    Attributes:
        name: of the model, for people.
        repvit: encoder variant, a key of `REPVIT_VARIANTS`.
        dim: width of image features, a multiple of ``memory_dim`` and of 4 x ``decoder_heads``.
        memory_dim: width of memory tokens.
        mlp_dim: hidden width of feed-forward blocks.
        decoder_heads: attention heads of the mask decoder.
        memory_layers: layers of memory attention.
        image_size: default side of the square network input, pixels, a multiple of 64.
        memory: what the tracker remembers unless told otherwise.
    """

    name: str = "tinysam2"
    repvit: str = "m0_9"
    dim: int = 192
    memory_dim: int = 64
    mlp_dim: int = 768
    decoder_heads: int = 8
    memory_layers: int = 2
    image_size: int = 512
    memory: MemoryConfig = field(default_factory=MemoryConfig)

    def __post_init__(self) -> None:
        if self.repvit not in REPVIT_VARIANTS:
            raise ValueError(f"repvit must be one of {list(REPVIT_VARIANTS)}, got {self.repvit!r}")
        if self.dim % self.memory_dim or self.dim % (4 * self.decoder_heads):
            raise ValueError(
                f"dim must be a multiple of memory_dim and of 4 x decoder_heads, got {self.dim}"
            )
        check_image_size(self.image_size)


def check_image_size(size: int) -> None:
    """Refuse a network input side that the encoder cannot take.

    Raises:
        ValueError: ``size`` is not a multiple of 64 (strides 32 and pooling by 4) up to
            `MAX_IMAGE_SIZE`.
    """
    if not 64 <= size <= MAX_IMAGE_SIZE or size % 64:
        raise ValueError(
            f"input size must be a multiple of 64 from 64 to {MAX_IMAGE_SIZE}, got {size}"
        )
