from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from tinysam2.checkpoints.sharding import (
    complete_sets,
    join_shards,
    main,
    replace_set,
    split_file,
)

LIMIT = 20_000


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    generator = torch.Generator().manual_seed(0)
    tensors = {f"layer{i}": torch.randn(40 + i, 60, generator=generator).half() for i in range(9)}
    tensors["count"] = torch.tensor(7)
    file = tmp_path / "weights.safetensors"
    save_file(tensors, file, {"card": '{"steps": 5}'})
    return file


def metadata(file: Path) -> dict[str, str]:
    with safe_open(file, "pt") as opened:
        return opened.metadata()


def test_shards_keep_the_limit_and_join_to_the_same_tensors(weights: Path, tmp_path: Path) -> None:
    shards = split_file(weights, tmp_path / "shards", "weights", LIMIT)
    assert len(shards) > 2
    assert max(path.stat().st_size for path in shards) <= LIMIT
    assert complete_sets(tmp_path / "shards") == {"weights": shards}
    join_shards(shards, tmp_path / "joined.safetensors")
    before, after = load_file(weights), load_file(tmp_path / "joined.safetensors")
    assert before.keys() == after.keys()
    assert all(torch.equal(after[key], value) for key, value in before.items())
    assert all(after[key].dtype == value.dtype for key, value in before.items())
    assert metadata(tmp_path / "joined.safetensors") == {"card": '{"steps": 5}'}


def test_a_set_counts_when_none_of_its_shards_is_missing(weights: Path, tmp_path: Path) -> None:
    old = split_file(weights, tmp_path, "step-00000010", LIMIT)
    new = split_file(weights, tmp_path, "step-00000020", LIMIT)
    new[1].unlink()
    assert complete_sets(tmp_path) == {"step-00000010": old}


def test_a_new_set_replaces_the_old_one_and_nothing_else(weights: Path, tmp_path: Path) -> None:
    for name in ("step-00000010", "step-00000020"):
        replace_set(weights, tmp_path, name, LIMIT)
    assert list(complete_sets(tmp_path)) == ["step-00000020"]
    assert weights.exists()


def test_a_tensor_that_no_shard_can_hold_is_named(weights: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="bytes to hold layer0 and its header, got 6000"):
        split_file(weights, tmp_path, "weights", 6000)


def test_a_damaged_shard_is_named(weights: Path, tmp_path: Path) -> None:
    shards = split_file(weights, tmp_path / "shards", "weights", LIMIT)
    shards[1].write_bytes(shards[1].read_bytes()[:-100])
    with pytest.raises(ValueError, match=f"{shards[1].name} is damaged"):
        join_shards(shards, tmp_path / "joined.safetensors")


def test_command_line_joins_what_it_split(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, joined = str(tmp_path / "shards"), tmp_path / "joined.safetensors"
    main(["split", str(weights), folder, "--limit-mib", "0.02"])
    main(["join", folder, str(joined)])
    assert load_file(joined).keys() == load_file(weights).keys()
    with pytest.raises(SystemExit):
        main(["join", folder, str(joined), "--name", "other"])
    assert "holds no complete set of shards other" in capsys.readouterr().err
