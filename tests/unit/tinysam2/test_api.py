"""The public names of the library: image predictor, models by name, and what importing costs."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tinysam2
from tests.helpers.file_server import serving
from tests.helpers.sources import ROOT
from tests.unit.tinysam2.model.test_options import SAM2, model_of
from tests.unit.tinysam2.toys import SIZE_HW, TOY, block_mask, noise_frames, toy_model, toy_network
from tinysam2 import CheckpointError, ImageModel, ImagePredictor, build
from tinysam2.checkpoints.registry import MODELS
from tinysam2.config import SamConfig, TinyVitConfig
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.object_prompt import ObjectPrompt
from tinysam2.model.sam import Sam

IMAGE = noise_frames(1)[0]
CLICK = {"points": [[30, 20]], "labels": [1]}
BOX = {"box": [10, 10, 50, 40]}


def image_only_model() -> ImageModel:
    torch.manual_seed(7)
    trunk = TinyVitConfig((16, 32, 64, 64), (1, 1, 1, 1), (0, 1, 2, 2))
    return ImageModel(Sam(SamConfig("tinysam", trunk, 128)).eval(), torch.device("cpu"), None)


MODEL_KINDS: dict[str, Callable[[], ImageModel]] = {
    "own decoder": toy_model,
    "SAM's decoder": lambda: model_of(replace(TOY, sam_decoder=True)),
    "as SAM 2": lambda: model_of(SAM2),
    "images only": image_only_model,
}


@pytest.fixture(scope="module", params=MODEL_KINDS)
def model(request: pytest.FixtureRequest) -> ImageModel:
    return MODEL_KINDS[request.param]()


@pytest.fixture
def predictor(model: ImageModel) -> ImagePredictor:
    made = ImagePredictor(model)
    made.set_image(IMAGE)
    return made


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("prompt", [CLICK, BOX, {**CLICK, **BOX}, {"mask": block_mask()}])
def test_masks_scores_and_logits_are_numpy(
    predictor: ImagePredictor, prompt: dict[str, Any], count: int
) -> None:
    masks, iou, low = predictor.predict(**prompt, multimask_output=count == 3)
    assert (masks.shape, masks.dtype) == ((count, *SIZE_HW), np.bool_)
    assert (iou.shape, iou.dtype) == ((count,), np.float32)
    assert (low.ndim, len(low), low.dtype) == (3, count, np.float32)
    assert np.isfinite(low).all()


def test_one_mask_is_that_of_the_application(model: ImageModel, predictor: ImagePredictor) -> None:
    xy, labels, box = [[30, 20], [60, 40]], [1, 0], [10, 10, 50, 40]
    masks, iou, _ = predictor.predict(xy, labels, box)
    wanted = FramePredictor(model).predict(0, IMAGE, ObjectPrompt.of(xy, labels, box))
    assert np.array_equal(masks[0], wanted.mask_logits > 0)
    assert float(iou[0]) == pytest.approx(wanted.confidence)


def test_bool_mask_is_corrected_as_in_the_application(
    model: ImageModel, predictor: ImagePredictor
) -> None:
    masks, iou, _ = predictor.predict(**CLICK, mask=block_mask())
    prompt = ObjectPrompt.of(CLICK["points"], [1], None)
    wanted = FramePredictor(model).predict(0, IMAGE, prompt, block_mask())
    assert np.array_equal(masks[0], wanted.mask_logits > 0)
    assert float(iou[0]) == pytest.approx(wanted.confidence)


def test_three_masks_differ(predictor: ImagePredictor) -> None:
    _, _, low = predictor.predict(**CLICK, multimask_output=True)
    assert not any(np.allclose(low[i], low[j], atol=1e-4) for i, j in [(0, 1), (0, 2), (1, 2)])


def test_a_single_click_gives_the_best_of_the_three() -> None:
    predictor = ImagePredictor(image_only_model())
    predictor.set_image(IMAGE)
    _, ious, low = predictor.predict(**CLICK, multimask_output=True)
    _, iou, best = predictor.predict(**CLICK)
    assert float(iou[0]) == float(ious.max())
    np.testing.assert_allclose(best[0], low[ious.argmax()], atol=1e-5)


@pytest.mark.parametrize("kind", ["own decoder", "SAM's decoder", "images only"])
def test_three_masks_correct_the_mask_of_earlier_clicks(kind: str) -> None:
    predictor = ImagePredictor(MODEL_KINDS[kind]())
    predictor.set_image(IMAGE)
    _, _, before = predictor.predict([[60, 40]], [0])
    both = {"points": [[60, 40], [30, 20]], "labels": [0, 1], "multimask_output": True}
    _, _, at_once = predictor.predict(**both)
    _, _, one_by_one = predictor.predict(**both, mask=before)
    np.testing.assert_allclose(at_once, one_by_one, atol=1e-5)


def test_logits_of_an_earlier_prediction_are_corrected(predictor: ImagePredictor) -> None:
    _, _, low = predictor.predict(**BOX)
    _, _, fresh = predictor.predict(**CLICK)
    _, _, corrected = predictor.predict(**CLICK, mask=low)
    _, _, same = predictor.predict(**CLICK, mask=low[0])
    assert np.array_equal(corrected, same)
    assert not np.allclose(corrected, fresh, atol=1e-4)


def test_the_image_before_is_forgotten(model: ImageModel, predictor: ImagePredictor) -> None:
    other = noise_frames(1, seed=3)[0][:40]
    predictor.set_image(other)
    fresh = ImagePredictor(model)
    fresh.set_image(other)
    found, wanted = predictor.predict(**CLICK), fresh.predict(**CLICK)
    assert found[0].shape == (1, 40, SIZE_HW[1])
    assert np.array_equal(found[2], wanted[2])


def test_an_image_is_set_first() -> None:
    with pytest.raises(RuntimeError, match="set_image must be called before predict"):
        ImagePredictor(toy_model()).predict(**CLICK)


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ({}, "at least one point or a box"),
        ({"points": [[30, 20]]}, "labels must be 1 numbers"),
        ({"labels": [1], "mask": block_mask()}, "labels must be 0 numbers"),
        ({"points": [30, 20], "labels": [1]}, r"points must be \(K, 2\)"),
        ({"points": [[30, 20]], "labels": [2]}, "0 or 1"),
        ({"points": [[30, float("nan")]], "labels": [1]}, "finite"),
        ({"box": [[1, 2, 3, 4]]}, r"box must be \(4,\), got \(1, 4\)"),
        ({"mask": np.zeros((3, 3), np.bool_)}, "size of the frame"),
        ({"mask": np.zeros((3, 3), np.float32)}, "mask must be logits"),
        ({"mask": np.zeros(SIZE_HW, np.uint8)}, "mask must be logits"),
    ],
)
def test_wrong_prompts_are_refused(prompt: dict[str, Any], message: str) -> None:
    predictor = ImagePredictor(toy_model())
    predictor.set_image(IMAGE)
    with pytest.raises(ValueError, match=message):
        predictor.predict(**prompt)


def test_wrong_images_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must be \(H, W, 3\) uint8"):
        ImagePredictor(toy_model()).set_image(np.zeros((8, 8, 3), np.float32))


def test_weights_are_fetched_once_and_only_on_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path))
    monkeypatch.setattr("tinysam2.checkpoints.store.identify", lambda *_: True)
    read: list[bytes] = []

    def read_network(_: object, path: Path) -> object:
        read.append(path.read_bytes())
        return toy_network()

    monkeypatch.setattr(build, "_read_network", read_network)
    with serving(b"weights") as server:
        known = replace(MODELS["edgetam"], address=f"{server.address}/edgetam.pt", git_blob=None)
        monkeypatch.setitem(MODELS, "edgetam", known)
        with pytest.raises(CheckpointError, match="tinysam2 weights get edgetam"):
            tinysam2.load_model("edgetam", device="cpu", download=False)
        assert not server.asked
        for _ in range(2):
            assert tinysam2.load_model("edgetam", device="cpu").network.config == TOY
        assert len(server.asked) == 1
    assert read == [b"weights", b"weights"]


def test_models_are_listed_with_what_they_do() -> None:
    is_trackable = {model.name: model.is_trackable for model in tinysam2.list_models()}
    assert is_trackable["tinysam2"]
    assert is_trackable["sam2.1-hiera-tiny"]
    assert not is_trackable["mobilesam"]


def test_importing_the_package_does_not_load_torch() -> None:
    code = "import sys, tinysam2; tinysam2.list_models(); print('torch' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "False"


def test_unknown_names_are_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'ImagePredicter'"):
        _ = tinysam2.ImagePredicter  # type: ignore[attr-defined]
    assert set(tinysam2.__all__) <= set(dir(tinysam2))
