"""Scores of the official DAVIS 2017 evaluator (ac7c43f) on real masks that were made worse.

Columns: J mean, recall, decay, F mean, recall, decay of the first 40 frames.
"""

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from tests.unit.evaluation.tracked import ScriptedTracker
from tinysam2.datasets.sequences import read_sequences
from tinysam2.evaluation.report import summarize
from tinysam2.evaluation.runner import score_sequence

FRAMES = 40
OFFICIAL = {
    "blackswan_1": (0.762759, 0.894737, 0.165826, 0.805511, 0.894737, 0.275076),
    "bmx-trees_1": (0.476107, 0.394737, 0.381383, 0.818790, 0.894737, 0.121704),
    "breakdance_1": (0.739006, 0.894737, 0.208367, 0.767662, 0.868421, 0.387663),
    "dogs-jump_1": (0.610094, 0.736842, 0.231593, 0.705654, 0.657895, 0.598245),
    "dogs-jump_2": (0.778042, 1.000000, 0.224716, 0.768418, 0.894737, 0.404393),
    "dogs-jump_3": (0.510617, 0.578947, 0.372052, 0.566748, 0.473684, 0.614432),
    "schoolgirls_1": (0.583604, 0.631579, 0.386511, 0.672425, 0.605263, 0.638920),
    "schoolgirls_2": (0.202491, 0.131579, 0.439485, 0.749643, 0.736842, 0.532472),
    "schoolgirls_3": (0.592817, 0.657895, 0.396698, 0.734509, 0.736842, 0.540358),
    "schoolgirls_4": (0.226531, 0.157895, 0.533425, 0.735472, 0.763158, 0.521214),
    "schoolgirls_5": (0.613544, 0.763158, 0.486349, 0.711042, 0.684211, 0.582484),
    "schoolgirls_6": (0.477982, 0.421053, 0.490508, 0.843928, 1.000000, 0.351523),
    "schoolgirls_7": (0.397214, 0.315789, 0.428214, 0.729981, 0.894737, 0.331671),
}
SEQUENCES = ["blackswan", "bmx-trees", "breakdance", "dogs-jump", "schoolgirls"]


def made_worse(labels: NDArray[np.uint8], frame: int) -> NDArray[np.uint8]:
    """Drift, sometimes shrink, sometimes lose the object with the highest number."""
    worse = np.roll(labels, (frame // 8, frame // 4), (0, 1))
    if frame % 7 == 3:
        worse = cv2.erode(worse, np.ones((5, 5), np.uint8)).astype(np.uint8)
    if frame % 11 == 5:
        worse[worse == worse.max()] = 0
    return worse


@pytest.mark.parametrize("name", SEQUENCES)
def test_scores_are_those_of_the_official_evaluator(shared_data: Path, name: str) -> None:
    found = [s for s in read_sequences(shared_data / "video" / "davis", "all") if s.name == name]
    sequence = found[0].first(FRAMES)
    result = score_sequence(ScriptedTracker(sequence, made_worse), sequence)
    objects = summarize([result])["sequences"][name]["objects"]
    assert len(objects) == sum(key.startswith(name) for key in OFFICIAL)
    for object_id, row in objects.items():
        scores = [
            row[f"{metric}_{kind}"] for metric in "JF" for kind in ("mean", "recall", "decay")
        ]
        assert scores == pytest.approx(OFFICIAL[f"{name}_{object_id}"], abs=1e-6)
