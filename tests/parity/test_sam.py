"""The small SAM equals its reference, and its published key layouts load."""

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from tests.helpers.sources import ROOT
from tests.parity.reference import FOLDER, Reference
from tinysam2.build import load_image_model, load_model
from tinysam2.checkpoints.identify import AmbiguousError
from tinysam2.checkpoints.native import CheckpointError
from tinysam2.checkpoints.sam import load_sam, sam_state
from tinysam2.checkpoints.store import ModelStore
from tinysam2.model.sam import Sam

TEACHER = ROOT.parent / "shared" / "data" / "teacher" / "sam-tinyvit5m.safetensors"
TOLERANCE = 1e-3


@pytest.fixture(scope="module")
def sam() -> Sam:
    if not TEACHER.is_file():
        pytest.skip(f"no weights of the small SAM at {TEACHER}")
    return load_sam("tinysam", TEACHER).eval()


def frame(height: int, width: int) -> Tensor:
    """Compute the reference's normalized frame 0, (1, 3, height, width)."""
    side = max(height, width)
    channel = np.arange(1, 4)[:, None, None]
    rows = np.sin(0.05 * channel * (np.arange(1, height + 1) * 512 / side)[:, None])
    columns = np.cos(0.03 * channel * np.arange(1, width + 1) * 512 / side)
    return torch.from_numpy((rows * columns)[None].astype(np.float32))


@pytest.mark.parametrize("size_hw", [(1024, 1024), (448, 768)])
@torch.inference_mode()
def test_small_sam_equals_its_reference(sam: Sam, size_hw: tuple[int, int]) -> None:
    folder = FOLDER / "sam_tinyvit5m"
    if not folder.is_dir():
        pytest.skip(f"no reference of the small SAM in {FOLDER}")
    reference, tag = Reference(folder, {}, max(size_hw)), f"{size_hw[0]}x{size_hw[1]}"
    features = sam.encode_image(frame(*size_hw))
    assert reference.relative_error(f"{tag}/embedding", features.s16) < TOLERANCE
    # The reference gives pixels of the square of side 1024, at their centers.
    extent = 1024 * torch.tensor([size_hw[1], size_hw[0]]) / max(size_hw)
    unit = 0.5 * 1024 / max(size_hw)

    def check(
        name: str, points: list[list[float]], labels: list[int], mask: Tensor | None
    ) -> Tensor:
        xy = (torch.tensor([points]) + unit) / extent
        masks, iou = sam.sam_decoder.all_masks(features, xy, torch.tensor([labels]), mask)
        assert reference.relative_error(f"{tag}/{name}/masks", masks) < TOLERANCE
        assert reference.relative_error(f"{tag}/{name}/iou", iou) < TOLERANCE
        return masks

    first = check("point", [[500, 400]], [1], None)
    check("clicks_after_mask0", [[500, 400], [620, 300], [200, 500]], [1, 1, 0], first[:, :1])
    check("box", [[300, 160], [700, 510]], [2, 3], None)


def test_weights_fit_either_model_until_one_is_named(sam: Sam, tmp_path: Path) -> None:
    assert sam
    with pytest.raises(AmbiguousError, match="may be those of tinysam, mobilesam"):
        ModelStore(tmp_path).import_file(TEACHER)
    assert ModelStore(tmp_path).import_file(TEACHER, "mobilesam").model == "mobilesam"
    stored = ModelStore(tmp_path).intact("mobilesam")
    model = load_image_model("mobilesam", stored, "cpu")
    assert isinstance(model.network, Sam)
    torch.testing.assert_close(model.network.state_dict(), dict(sam.state_dict()))
    with pytest.raises(CheckpointError, match="looks like tinysam or mobilesam"):
        load_image_model("edgetam", TEACHER, "cpu")
    with pytest.raises(ValueError, match="tinysam segments single images and cannot track"):
        load_model("tinysam", TEACHER, "cpu")


@pytest.mark.parametrize("file_name", ["tinysam.pth", "mobile_sam.pt"])
def test_external_checkpoints_are_identified_by_their_names(
    sam: Sam, tmp_path: Path, file_name: str
) -> None:
    assert sam
    torch.save(with_batch_norms(), tmp_path / file_name)
    expected = "tinysam" if file_name.startswith("tiny") else "mobilesam"
    assert ModelStore(tmp_path / "store").import_file(tmp_path / file_name).model == expected


def test_the_layout_of_the_authors_with_batch_norms_gives_the_same_network(sam: Sam) -> None:
    found = sam_state(with_batch_norms(), Path("mobile_sam.pt"))
    own = sam.state_dict()
    assert found.keys() == own.keys()
    for key, value in own.items():
        torch.testing.assert_close(found[key], value, rtol=1e-4, atol=1e-5)


def with_batch_norms() -> dict[str, Tensor]:
    """``mobile_sam.pt`` holds batch norms beside convolutions, and TinyViT's classifier."""
    published = load_file(TEACHER)
    for key in [k for k in published if k.endswith(".c.bias")]:
        name = key.removesuffix(".c.bias")
        bias = published.pop(key).float()
        kernel = published[f"{name}.c.weight"].float()
        variance, mean = torch.rand_like(bias) + 0.5, torch.randn_like(bias)
        weight = torch.rand_like(bias) + 0.5
        scale = weight / (variance + 1e-5).sqrt()
        published[f"{name}.c.weight"] = kernel / scale[:, None, None, None]
        published[f"{name}.bn.weight"], published[f"{name}.bn.bias"] = weight, bias + mean * scale
        published[f"{name}.bn.running_mean"] = mean
        published[f"{name}.bn.running_var"] = variance
        published[f"{name}.bn.num_batches_tracked"] = torch.tensor(1)
    published["image_encoder.norm_head.weight"] = torch.ones(320)
    published["image_encoder.head.weight"] = torch.ones(1000, 320)
    return published
