import pytest
import torch

from tinysam2.devices import choose_device, choose_precision


def test_cpu_is_there_and_auto_finds_something() -> None:
    assert choose_device("cpu") == torch.device("cpu")
    assert choose_device("auto").type in {"cpu", "cuda", "mps"}


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x"])
def test_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"device must be auto, cpu, cuda\[:i\] or mps"):
        choose_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "meta"])
def test_absent_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"device '{name}' is not available"):
        choose_device(name)


def test_cpu_runs_in_a_type_that_it_is_fast_in() -> None:
    assert choose_precision(torch.device("cpu")) in {None, torch.bfloat16}
