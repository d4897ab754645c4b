from copy import deepcopy
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from tests.unit.tinysam2.training.data_folder import make_data_folder
from tinysam2.config import ModelConfig
from tinysam2.model.network import TinySam2
from tinysam2.training.engine import compilation as compiling
from tinysam2.training.engine.compilation import compile_parts
from tinysam2.training.engine.distributed import ALONE
from tinysam2.training.tracking.config import TrackingConfig
from tinysam2.training.tracking.state import start_or_resume

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=64)


def test_compiling_where_it_cannot_work_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="compile needs a cuda device, got cpu"):
        compile_parts([nn.Identity()], "cpu")
    monkeypatch.setattr(compiling, "COMPILER", "no_such_package")
    with pytest.raises(ValueError, match="the package no_such_package, which is not installed"):
        compile_parts([nn.Identity()], "cuda:1")


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch looks, and hides it
def test_compiled_parts_of_a_run_predict_as_before_under_the_same_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled: list[torch.fx.GraphModule] = []

    def count(graph: torch.fx.GraphModule, _inputs: object) -> torch.fx.GraphModule:
        compiled.append(graph)
        return graph

    monkeypatch.setattr(compiling, "DEVICE", "cpu")
    monkeypatch.setattr(compiling, "COMPILER", "torch")
    monkeypatch.setattr(compiling, "BACKEND", count)
    encoder = tmp_path / "encoder.safetensors"
    state = TinySam2(SMALL).state_dict()
    save_file({k: v for k, v in state.items() if k.startswith(("trunk.", "neck."))}, encoder)
    data = make_data_folder(tmp_path / "data")
    config = TrackingConfig(data, tmp_path, encoder, model=SMALL, compile=True)
    network = start_or_resume(config, ALONE).network
    image = torch.randn(1, 3, 64, 64)
    found = network.encode_image(image)
    assert len(compiled) >= 2  # the trunk and the neck
    plain = deepcopy(network)
    assert network.state_dict().keys() == plain.state_dict().keys()
    assert not any("_orig_mod" in name for name in network.state_dict())
    count_before = len(compiled)
    torch.testing.assert_close(found.s16, plain.encode_image(image).s16)
    assert len(compiled) == count_before
