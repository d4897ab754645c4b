"""Weights files that were made to harm: memory is taken for what is there only."""

import json
import sys
import zipfile
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from tests.unit.tinysam2.toys import TOY
from tinysam2.build import load_own
from tinysam2.checkpoints import native
from tinysam2.checkpoints.external import read_external
from tinysam2.checkpoints.native import CheckpointError, load_checkpoint
from tinysam2.config import ModelConfig


def peak_bytes() -> int:
    resource = pytest.importorskip("resource")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak << 10)


def test_more_weights_than_the_file_holds_take_no_memory(tmp_path: Path) -> None:
    path = tmp_path / "wide.pt"
    torch.save({"a": torch.zeros(1).expand(1 << 40)}, path)
    before = peak_bytes()
    with pytest.raises(CheckpointError, match="claims to hold more than"):
        read_external(path)
    assert peak_bytes() - before < 1 << 30


def test_a_packed_file_is_not_unpacked(tmp_path: Path) -> None:
    plain, packed = tmp_path / "plain.pt", tmp_path / "packed.pt"
    torch.save({"a": torch.zeros(1 << 20)}, plain)
    with zipfile.ZipFile(plain) as source, zipfile.ZipFile(packed, "w") as target:
        for entry in source.infolist():
            target.writestr(entry.filename, source.read(entry), zipfile.ZIP_DEFLATED)
    assert packed.stat().st_size < plain.stat().st_size / 100
    assert read_external(plain)["a"].shape == (1 << 20,)
    with pytest.raises(CheckpointError, match="damaged or not in PyTorch's format"):
        read_external(packed)


def test_sparse_weights_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "sparse.pt"
    torch.save({"a": torch.sparse_coo_tensor(size=(1 << 20, 1 << 20), check_invariants=True)}, path)
    with pytest.raises(CheckpointError, match="sparse"):
        read_external(path)


@pytest.mark.parametrize("read", [read_external, load_checkpoint])
def test_a_file_beyond_the_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: object
) -> None:
    path = tmp_path / "large.safetensors"
    save_file({"a": torch.zeros(1000)}, path)
    monkeypatch.setattr(native, "MAX_FILE_BYTES", 1000)
    with pytest.raises(CheckpointError, match="larger than"):
        read(path)  # type: ignore[operator]


def test_the_largest_configuration_takes_no_memory_without_its_weights(tmp_path: Path) -> None:
    path = tmp_path / "claim.safetensors"
    config = ModelConfig(dim=2048, memory_dim=1024, mlp_dim=16384, memory_layers=32)
    save_file({"a": torch.zeros(1)}, path, {"config": json.dumps(asdict(config))})
    before = peak_bytes()
    with pytest.raises(CheckpointError, match="does not fit the model"):
        load_own(path)
    assert peak_bytes() - before < 1 << 30


@pytest.mark.parametrize(
    "change",
    [{"memory": {"max_frames": 10**9}}, {"dim": 10**6}, {"image_size": 1 << 20}, {"repvit": []}],
)
def test_a_configuration_beyond_reason_is_refused(
    tmp_path: Path, change: dict[str, object]
) -> None:
    path, values = tmp_path / "claim.safetensors", asdict(TOY)
    memory = change.pop("memory", {})
    assert isinstance(memory, dict)
    values |= change
    values["memory"] |= memory
    save_file({"a": torch.zeros(1)}, path, {"config": json.dumps(values)})
    with pytest.raises(CheckpointError, match="is for another model"):
        load_checkpoint(path)
