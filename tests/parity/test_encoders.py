from pathlib import Path

import pytest
import torch

from tests.parity.reference import Reference, open_reference
from tinysam2.checkpoints.key_maps import EXTERNAL_MODELS, rename_keys
from tinysam2.checkpoints.native import load_state
from tinysam2.config import (
    REPVIT_VARIANTS,
    TRUNKS,
    EncoderConfig,
    HieraConfig,
    ModelConfig,
    RepVitConfig,
    VitConfig,
)
from tinysam2.model.encoders.factory import make_encoder
from tinysam2.model.encoders.fpn import SamFpn
from tinysam2.model.perceiver import SpatialPerceiver

ENCODER_KEYS = ("image_encoder.", "sam_mask_decoder.conv_s0.", "sam_mask_decoder.conv_s1.")
TOLERANCE = 1e-3
LARGE = {
    "sam2.1_hiera_b+",
    "efficienttam_ti_1",
    "efficienttam_ti_2",
}  # large, or the same again
MODELS = [
    "edgetam",
    "efficienttam_ti",
    "efficienttam_ti_1",
    "efficienttam_ti_2",
    "efficienttam_s_512x512",
    "sam2.1_hiera_t",
    "sam2.1_hiera_b+",
]


def renamed_shapes(model: str, prefix: str, *keys: str) -> dict[str, tuple[int, ...]]:
    shapes = {k: tuple(v) for k, v in open_reference(model).shapes.items() if k.startswith(keys)}
    renamed = rename_keys(shapes, EXTERNAL_MODELS[model].renames)
    assert all(key.startswith(prefix) for key in renamed)
    return {key.removeprefix(prefix): shape for key, shape in renamed.items()}


def shapes_of(module: torch.nn.Module) -> dict[str, tuple[int, ...]]:
    return {key: tuple(value.shape) for key, value in module.state_dict().items()}


class Encoder(torch.nn.Module):
    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.trunk, self.neck = make_encoder(config)

    def forward(self, image: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return self.neck(self.trunk(image))


def load_encoder(model: str, reference: Reference) -> Encoder:
    weights = rename_keys(reference.weights(*ENCODER_KEYS), EXTERNAL_MODELS[model].renames)
    encoder = Encoder(EXTERNAL_MODELS[model].config).eval().requires_grad_(False)
    state = {key.removeprefix("image_encoder."): value for key, value in weights.items()}
    load_state(encoder, state, Path(model))
    return encoder


@pytest.mark.parametrize("model", EXTERNAL_MODELS)
def test_every_key_of_the_encoder_is_used_exactly_once(model: str) -> None:
    with torch.device("meta"):
        encoder = Encoder(EXTERNAL_MODELS[model].config)
    assert renamed_shapes(model, "image_encoder.", *ENCODER_KEYS) == shapes_of(encoder)
    assert open_reference(model).image_size == EXTERNAL_MODELS[model].config.image_size


def test_every_key_of_the_perceiver_is_used_exactly_once() -> None:
    with torch.device("meta"):
        perceiver = SpatialPerceiver()
    found = renamed_shapes("edgetam", "spatial_perceiver.", "spatial_perceiver.")
    assert found == shapes_of(perceiver)


@pytest.mark.parametrize(
    "model", [pytest.param(m, marks=pytest.mark.slow) if m in LARGE else m for m in MODELS]
)
def test_encoder_computes_what_the_reference_computes(model: str) -> None:
    reference = open_reference(model)
    levels = load_encoder(model, reference)(reference.frame(0))
    errors = [
        reference.relative_error(f"encoder/fpn{i}", level)
        for i, level in enumerate(reversed(levels))
    ]
    print(f"{model}: relative errors", *(f"{error:.1e}" for error in errors))
    assert max(errors) < TOLERANCE


def test_two_keys_for_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="both 'b'"):
        rename_keys({"a": 1, "b": 2}, ((r"^a$", "b"),))


@pytest.mark.parametrize(
    ("shape", "shapes"),
    [
        (HieraConfig(8, 1, (1, 2, 2, 1), global_blocks=(4,)), [(64, 6, 10), (16, 12, 20)]),
        (RepVitConfig((8, 16, 32, 64), (1, 1, 1, 1)), [(64, 6, 10), (16, 12, 20)]),
        (VitConfig(16, 2, 2, 4, (1,)), [(64, 6, 10)]),
    ],
)
def test_images_of_any_shape_are_encoded_each_on_its_own(
    monkeypatch: pytest.MonkeyPatch, shape: EncoderConfig, shapes: list[tuple[int, ...]]
) -> None:
    is_repvit = isinstance(shape, RepVitConfig)
    monkeypatch.setitem(REPVIT_VARIANTS if is_repvit else TRUNKS, "toy", shape)
    trunk = {"repvit": "toy"} if is_repvit else {"trunk": "toy"}
    encoder = (
        Encoder(ModelConfig(dim=64, wide_neck=True, click_features=False, **trunk))
        .eval()
        .requires_grad_(False)
    )
    images = torch.randn(2, 3, 96, 160)
    together = encoder(images)
    assert [tuple(level.shape[1:]) for level in together[:2]] == shapes
    for i, image in enumerate(images):
        for level, alone in zip(together, encoder(image[None]), strict=True):
            torch.testing.assert_close(level[i : i + 1], alone, rtol=1e-4, atol=1e-4)


def test_fused_neck_computes_the_same() -> None:
    neck = SamFpn((8, 16, 32, 64), dim=32).requires_grad_(False)
    levels = [torch.randn(1, 8 << i, 32 >> i, 32 >> i) for i in range(4)]
    for full, fused in zip(neck(levels), neck.fuse()(levels), strict=True):
        torch.testing.assert_close(full, fused, rtol=1e-4, atol=1e-5)


def test_objects_are_compressed_each_on_its_own() -> None:
    perceiver = SpatialPerceiver(16, global_count=5, window_count=4, depth=2).requires_grad_(False)
    memory, code = torch.randn(2, 16, 4, 6), torch.randn(1, 16, 4, 6)
    together = perceiver(memory, code)
    assert together.shape == (2, 9, 16)
    torch.testing.assert_close(together[1:], perceiver(memory[1:], code))
