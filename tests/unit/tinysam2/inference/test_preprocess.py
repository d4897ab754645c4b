import pytest

from tests.unit.tinysam2.model.test_options import SAM2, model_of
from tests.unit.tinysam2.toys import toy_model
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.preprocess import input_hw


@pytest.mark.parametrize(
    ("size_hw", "expected"),
    [
        ((512, 512), (512, 512)),
        ((1080, 1920), (384, 704)),
        ((1920, 1080), (704, 384)),
        ((480, 640), (448, 576)),
        ((10, 4000), (64, 10240)),
    ],
)
def test_input_has_the_proportions_of_the_image(
    size_hw: tuple[int, int], expected: tuple[int, int]
) -> None:
    assert input_hw(512, size_hw[1] / size_hw[0]) == expected


def test_own_network_keeps_proportions_and_external_models_squash() -> None:
    own, sam2 = toy_model(), model_of(SAM2)
    assert FramePredictor(own, 512).input_hw((1080, 1920)) == (384, 704)
    assert FramePredictor(own, 576).input_hw((320, 569)) == (448, 768)
    assert FramePredictor(sam2, 512).input_hw((1080, 1920)) == (512, 512)
