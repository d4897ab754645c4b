from dataclasses import replace
from pathlib import Path

import pytest
import torch

from tests.unit.tinysam2.toys import TOY, randomize_norms
from tinysam2.build import load_model, load_own
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.model.encoders.repvit import fuse_repvit
from tinysam2.model.network import TinySam2
from tinysam2.training.averaging import average, main


def saved(path: Path, seed: int, is_fused: bool, **changes: object) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    config = replace(TOY, **changes)
    network = TinySam2(config).eval()
    randomize_norms(network)
    if is_fused:
        fuse_repvit(network.trunk)
    save_checkpoint(path, replace(config, fused=is_fused), network.state_dict(), {})
    return load_checkpoint(path)[1]


@pytest.mark.parametrize("mask_patches", [False, True])
def test_weights_lie_between_those_of_both_and_track(tmp_path: Path, mask_patches: bool) -> None:
    first, second, out = (tmp_path / f"{name}.safetensors" for name in ("a", "b", "c"))
    saved(first, 0, is_fused=False, mask_patches=mask_patches)
    ends = saved(second, 1, is_fused=True, mask_patches=mask_patches)
    average(first, second, 0.75, out)
    config, found, card = load_checkpoint(out)
    assert config.fused
    assert card["fraction of the second"] == 0.75
    assert found.keys() == TinySam2(config).state_dict().keys()
    assert config.mask_patches is mask_patches
    starts = fused_state(first)
    for name, value in found.items():
        expected = 0.25 * starts[name] + 0.75 * ends[name]
        torch.testing.assert_close(value, expected, rtol=1e-2, atol=1e-3)
    load_model(checkpoint=out, device="cpu")


def test_a_part_may_have_its_own_fraction(tmp_path: Path) -> None:
    first, second, out = (tmp_path / f"{name}.safetensors" for name in ("a", "b", "c"))
    starts = saved(first, 0, is_fused=True)
    ends = saved(second, 1, is_fused=True)
    average(first, second, 1.0, out, {"mask_decoder": 0.0})
    _, found, card = load_checkpoint(out)
    assert card["of parts"] == {"mask_decoder": 0.0}
    for name, value in found.items():
        assert torch.equal(value, (starts if name.startswith("mask_decoder.") else ends)[name])


def fused_state(path: Path) -> dict[str, torch.Tensor]:
    network = load_own(path).eval()
    fuse_repvit(network.trunk)
    return network.state_dict()


def test_fractions_and_shapes_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    saved(first, 0, is_fused=True)
    saved(second, 1, is_fused=True, dim=2 * TOY.dim)
    third = tmp_path / "c.safetensors"
    saved(third, 2, is_fused=True, mask_patches=True)
    with pytest.raises(ValueError, match=r"in \[0, 1\], got 2"):
        average(first, first, 2, tmp_path / "c")
    with pytest.raises(ValueError, match=r"in \[0, 1\], got -1"):
        average(first, first, 0.5, tmp_path / "c", {"trunk": -1.0})
    with pytest.raises(ValueError, match=r"parts must be of .*trunk.*, got 'decoder'"):
        average(first, first, 0.5, tmp_path / "c", {"decoder": 0.1})
    for other in (second, third):
        with pytest.raises(ValueError, match="different shapes"):
            average(first, other, 0.5, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_the_command_takes_fractions_for_parts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = str(tmp_path / "a.safetensors"), str(tmp_path / "c.safetensors")
    saved(Path(file), 0, is_fused=True)
    asked = ["averaging", file, file, "0.5", out, "--part", "neck=0.1"]
    monkeypatch.setattr("sys.argv", [*asked, "--part", "trunk=0.2"])
    assert main() == 0
    assert load_checkpoint(Path(out))[2]["of parts"] == {"neck": 0.1, "trunk": 0.2}
    monkeypatch.setattr("sys.argv", [*asked, "--part", "eyes=0.2"])
    assert main() == 1
    assert "got 'eyes'" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", [*asked, "--part", "trunk"])
    with pytest.raises(SystemExit):
        main()
    assert "must be NAME=FRACTION, got 'trunk'" in capsys.readouterr().err
