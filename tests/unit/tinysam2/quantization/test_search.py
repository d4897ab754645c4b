"""The scales that are found keep masks, and the weights file that has them runs in 8 bits."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from app.cli import main
from tests.unit.tinysam2.toys import TOY, noise_frames, toy_model, toy_network
from tinysam2.build import load_model
from tinysam2.checkpoints.native import (
    CheckpointError,
    load_checkpoint,
    load_scales,
    save_checkpoint,
)
from tinysam2.model.fake_quantization import (
    WEIGHT_LEVELS,
    LayerScales,
    NetworkScales,
    fake_quantized,
    output_axis,
    quantizable_layers,
    weight_of,
)
from tinysam2.model.layers.mixed_grid import POOL, MixedGrid
from tinysam2.quantization import calibration, search
from tinysam2.quantization.calibration import calibration_frames
from tinysam2.quantization.objective import CalibrationFrame, loss, outputs_of
from tinysam2.quantization.search import SearchResult, search_scales


@pytest.fixture(scope="module", autouse=True)
def _given_objects() -> Iterator[None]:
    """Prompt two areas: a random network finds no objects by itself."""
    masks = np.zeros((2, 48, 80), bool)
    masks[0, 8:40, 10:35] = masks[1, 8:40, 30:55] = True
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(calibration, "_objects_on", lambda *_: list(masks))
        patch.setattr(search, "QUANTIZED", ("neck.", "memory_encoder."))
        patch.setattr(search, "ROUNDS", 1)
        yield


@pytest.fixture(scope="module")
def frames() -> list[CalibrationFrame]:
    return list(calibration_frames(toy_model(), noise_frames(6), 3))


@pytest.fixture(scope="module")
def found(frames: list[CalibrationFrame]) -> SearchResult:
    return search_scales(toy_model().network, frames)


def mean_loss(frames: list[CalibrationFrame], scales: NetworkScales) -> float:
    network = toy_model().network
    with torch.no_grad():
        expected = [outputs_of(network, frame) for frame in frames]
        with fake_quantized(network, scales):
            losses = [
                loss(outputs_of(network, f), e) for f, e in zip(frames, expected, strict=True)
            ]
    return sum(losses) / len(losses)


def test_frames_are_those_between_the_first_and_the_last_of_a_video() -> None:
    seen: list[int] = []

    class Video(list):  # type: ignore[type-arg]
        def __getitem__(self, index: int) -> object:  # type: ignore[override]
            seen.append(index)
            return super().__getitem__(index)

    model = toy_model()
    given = list(calibration_frames(model, Video(noise_frames(9)), 2))
    assert seen == [0, 2, 4, 6, 8]
    assert len(given) == 2
    assert all(len(frame.memories) == len(frame.masks) == 2 for frame in given)  # of two objects
    assert not isinstance(model.network.run, calibration._Recorder)


def test_a_recorded_frame_leads_to_the_masks_of_tracking(frames: list[CalibrationFrame]) -> None:
    outputs = outputs_of(toy_model().network, frames[0])
    assert len(outputs.logits) == len(outputs.predicted_iou) == 2
    assert loss(outputs, outputs) == 0


def test_the_scales_found_are_better_than_those_of_the_full_ranges(found: SearchResult) -> None:
    assert 0 < found.loss_after < found.loss_before
    assert {name.split(".")[0] for name in found.scales} == {"neck", "memory_encoder"}


def test_a_memory_encoder_that_reads_patches_gets_scales(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "QUANTIZED", ("memory_encoder.",))
    model = toy_model(mask_patches=True)
    result = search_scales(model.network, list(calibration_frames(model, noise_frames(6), 3)))
    assert {
        f"memory_encoder.mask_downsampler.{name}" for name in ("patch", "hidden", "project")
    } <= {*result.scales}
    assert 0 < result.loss_after < result.loss_before


def test_the_loss_reported_is_that_of_the_scales(
    found: SearchResult, frames: list[CalibrationFrame]
) -> None:
    assert mean_loss(frames, found.scales) == pytest.approx(found.loss_after, rel=1e-3)
    spoiled = {
        name: replace(each, input_scale=each.input_scale / 4) for name, each in found.scales.items()
    }
    assert mean_loss(frames, spoiled) > 10 * found.loss_after


def test_an_outlier_that_matters_to_no_mask_does_not_take_the_levels(
    frames: list[CalibrationFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "QUANTIZED", ("neck.lateral_s16",))
    network = toy_model().network
    lateral = network.neck.lateral_s16
    with torch.no_grad():  # a channel that is read by nothing has by far the largest values
        lateral.weight[:, 0] = 0
    block = network.trunk.stages[2].blocks[-1]
    before = block.forward

    def with_outlier(x: torch.Tensor) -> torch.Tensor:
        out = before(x).clone()
        out[:, 0] *= 30
        return out

    monkeypatch.setattr(block, "forward", with_outlier)
    result = search_scales(network, frames)
    assert result.loss_after < 0.7 * result.loss_before


def test_a_weights_file_keeps_its_scales_and_its_weights(
    tmp_path: Path, found: SearchResult
) -> None:
    path = tmp_path / "toy.safetensors"
    state = toy_network().state_dict()
    save_checkpoint(path, TOY, state, {}, found.scales)
    stored = load_scales(path)
    assert stored.keys() == found.scales.keys()
    for name, each in stored.items():
        assert each.input_scale == pytest.approx(found.scales[name].input_scale)
        assert each.zero_point == found.scales[name].zero_point
        torch.testing.assert_close(each.weight_scale, found.scales[name].weight_scale)
    assert load_checkpoint(path)[1].keys() == state.keys()
    assert load_model(checkpoint=path, device="cpu").network.scales.keys() == stored.keys()


@pytest.mark.parametrize(
    ("scales", "message"),
    [
        (LayerScales(-1.0, 3, torch.ones(64)), "not greater than 0"),
        (LayerScales(1.0, 300, torch.ones(64)), "zero point"),
        (LayerScales(1.0, 3, torch.zeros(64)), "not greater than 0"),
        (LayerScales(float("nan"), 3, torch.ones(64)), "NaN"),
        (LayerScales(1.0, 3, torch.ones(2)), "number of channels"),
    ],
)
def test_scales_that_cannot_be_are_refused(
    tmp_path: Path, scales: LayerScales, message: str
) -> None:
    path = tmp_path / "toy.safetensors"
    save_checkpoint(path, TOY, toy_network().state_dict(), {}, {"neck.lateral_s16": scales})
    with pytest.raises((CheckpointError, ValueError), match=message):
        load_model(checkpoint=path, device="cpu")


def test_int8_without_scales_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "toy.safetensors"
    save_checkpoint(path, TOY, toy_network().state_dict(), {})
    with pytest.raises(ValueError, match="tinysam2 quantize"):
        load_model(checkpoint=path, device="cpu", engine="auto", precision="int8")


def test_the_command_writes_a_file_that_loads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights, out = tmp_path / "toy.safetensors", tmp_path / "int8.safetensors"
    save_checkpoint(weights, TOY, toy_network().state_dict(), {"steps": 3})
    video = tmp_path / "frames"
    video.mkdir()
    for number, image in enumerate(noise_frames(17)):
        Image.fromarray(image).save(video / f"{number:03}.png")
    words = ["--checkpoint", str(weights), "--calibrate", str(video), "--frames", "8"]
    assert main(["quantize", *words, "--out", str(out), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["loss_after"] <= summary["loss_before"]
    assert summary["layers"] == len(load_scales(out))
    assert load_checkpoint(out)[2]["int8"]["frames"] == 8  # type: ignore[index]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--frames", "7"], "8..64"),
        (["--model", "edgetam"], "Only tinysam2"),
        (["--report", "nowhere"], "no folder nowhere"),
        (["--calibrate", "nowhere.mp4"], "no video"),
    ],
)
def test_the_command_names_what_cannot_be_used(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["quantize", *words, "--out", str(tmp_path / "out.safetensors")]) != 0
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_bundled_scales_are_those_of_the_bundled_weights() -> None:
    network = load_model(device="cpu").network
    layers = quantizable_layers(network)
    assert {name.split(".")[0] + "." for name in network.scales} == {
        "trunk.",
        "neck.",
        "sam_neck.",
        "memory_attention.",
        "memory_encoder.",
    }
    for name, each in network.scales.items():
        layer = layers[name]
        values = weight_of(layer).abs().transpose(0, output_axis(layer)).flatten(1)
        levels = values.amax(1) / each.weight_scale
        assert levels.min() > 0.6 * WEIGHT_LEVELS, name
        assert levels.max() < 1.6 * WEIGHT_LEVELS, name


def test_objects_that_are_read_at_other_numbers_of_locations_are_searched_together(
    frames: list[CalibrationFrame], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "QUANTIZED", ("memory_attention.layers.0.",))
    height, width = frames[0].image.shape[2] // 16, frames[0].image.shape[3] // 16
    grids = [
        MixedGrid.around(torch.full((1, height // POOL, width // POOL), needed))
        for needed in (0.0, 1.0)
    ]
    memories = [
        (*given[:-2], *grid.tensors) for given, grid in zip(frames[0].memories, grids, strict=True)
    ]
    result = search_scales(toy_model().network, [replace(frames[0], memories=tuple(memories))])
    assert 0 < result.loss_after <= result.loss_before


def test_masks_that_sams_decoder_completes_count(monkeypatch: pytest.MonkeyPatch) -> None:
    model = toy_model(sam_decoder=True)
    model.network.config = replace(model.network.config, refines_tracked=True)
    recorded = list(calibration_frames(model, noise_frames(3), 1))
    assert [len(frame.tracked) for frame in recorded] == [2]
    monkeypatch.setattr(search, "QUANTIZED", ("sam_neck.",))
    result = search_scales(model.network, recorded)
    assert {name.split(".")[0] for name in result.scales} == {"sam_neck"}
    assert 0 < result.loss_after <= result.loss_before
