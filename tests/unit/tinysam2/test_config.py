import pytest

from tinysam2.config import FULL_MEMORY, MemoryConfig, ModelConfig, check_image_size


@pytest.mark.parametrize(("size", "tokens"), [(512, 501), (576, 635), (704, 948), (1024, 2007)])
def test_memory_is_seven_percent_of_a_full_sam2_bank(size: int, tokens: int) -> None:
    assert MemoryConfig().token_budget((size // 16, size // 16)) == tokens


def test_full_memory_has_no_limit() -> None:
    assert FULL_MEMORY.token_budget((64, 64)) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_frames": 1}, "max_frames must be at least 2 and at most 1024, got 1"),
        ({"max_frames": 10**9}, "max_frames must be at least 2 and at most 1024, got 1000000000"),
        ({"max_frames": True}, "max_frames must be at least 2 and at most 1024, got True"),
        ({"pool": 3}, "pool must be 1, 2 or 4, got 3"),
        ({"keep_ratio": 0.0}, r"keep_ratio must be in \(0, 1\], got 0.0"),
        ({"quality_threshold": 1.5}, r"quality_threshold must be in \[0, 1\], got 1.5"),
        ({"max_pointers": 0}, "max_pointers must be at least 1 and at most 1024, got 0"),
    ],
)
def test_impossible_memory_is_refused(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MemoryConfig(**settings)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"repvit": "m9"}, "repvit must be one of .*, got 'm9'"),
        ({"trunk": "vit_ti"}, "click_features must be false with vit_ti"),
        ({"dim": 100}, "dim must be a multiple of memory_dim"),
        ({"mask_bias": 4.5}, "mask_bias must be from -4 to 4, got 4.5"),
        ({"mask_bias": -4.5}, "mask_bias must be from -4 to 4, got -4.5"),
        ({"mask_bias": float("nan")}, "mask_bias must be from -4 to 4, got nan"),
        ({"image_size": 500}, "input size must be a multiple of 64 from 64 to 4096, got 500"),
        ({"image_size": 64 * 65}, "input size must be a multiple of 64 from 64 to 4096, got 4160"),
    ],
)
def test_impossible_model_is_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        ModelConfig(**settings)  # type: ignore[arg-type]


def test_input_size_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="got 0"):
        check_image_size(0)


@pytest.mark.parametrize(
    "name",
    ["dim", "memory_dim", "mlp_dim", "memory_layers", "memory_mlp_dim", "fuser_dim", "mask_dim"],
)
@pytest.mark.parametrize("value", [0, -1, 100_000, 2.5, True, "64"])
def test_numbers_beyond_reason_are_refused(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=f"{name} must be a whole number from 1 to"):
        ModelConfig(**{name: value})
