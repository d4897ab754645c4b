from pathlib import Path

import pytest
import torch

from tests.parity.reference import open_reference
from tinysam2.checkpoints.identify import identify
from tinysam2.checkpoints.registry import MODELS


@pytest.mark.parametrize(
    "name", [model.name for model in MODELS.values() if model.network and model.is_trackable]
)
def test_external_checkpoints_are_identified_by_keys_and_shapes(name: str, tmp_path: Path) -> None:
    model, path = MODELS[name], tmp_path / "weights.pt"
    shapes = open_reference(model.network or "").shapes
    one = torch.ones(1)  # all weights are views of it: the file stays small
    torch.save({"model": {key: one.expand(shape or [1]) for key, shape in shapes.items()}}, path)
    found = identify(path)
    assert model in found
    assert {each.family for each in found} == {model.family}
    assert {each.parameters for each in found} == {model.parameters}
