from collections.abc import Callable

import pytest
import torch

from tinysam2.devices import available_devices, choose_device, choose_precision


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Pretend that the machine has these devices and abilities."""

    def pretend(cuda: int = 0, mps: bool = False, bf16: bool = False) -> None:
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda > 0)
        monkeypatch.setattr(torch.cuda, "device_count", lambda: cuda)
        monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: bf16)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: bf16)

    return pretend


@pytest.mark.parametrize(
    ("cuda", "mps", "chosen"),
    [(0, False, "cpu"), (0, True, "mps"), (1, False, "cuda"), (2, True, "cuda")],
)
def test_auto_prefers_cuda_then_mps_then_the_cpu(
    machine: Callable[..., None], cuda: int, mps: bool, chosen: str
) -> None:
    machine(cuda, mps)
    assert choose_device("auto") == choose_device() == torch.device(chosen)
    assert choose_device("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("cuda", "mps", "names"),
    [
        (0, False, ("auto", "cpu")),
        (1, False, ("auto", "cpu", "cuda")),
        (2, True, ("auto", "cpu", "cuda:0", "cuda:1", "mps")),
    ],
)
def test_every_listed_device_can_be_chosen(
    machine: Callable[..., None], cuda: int, mps: bool, names: tuple[str, ...]
) -> None:
    machine(cuda, mps)
    assert available_devices() == names
    for name in names[1:]:
        assert choose_device(name) == torch.device(name)
    with pytest.raises(ValueError, match="is not available"):
        choose_device(f"cuda:{cuda}")


@pytest.mark.parametrize("name", ["gpu", "", "cuda:x"])
def test_unknown_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"device must be auto, cpu, cuda\[:i\] or mps"):
        choose_device(name)


@pytest.mark.parametrize("name", ["cuda:99", "meta"])
def test_absent_device_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"device '{name}' is not available"):
        choose_device(name)


@pytest.mark.parametrize(
    ("device", "bf16", "precision"),
    [
        ("cpu", True, torch.bfloat16),
        ("cpu", False, None),
        ("cuda", True, torch.bfloat16),
        ("cuda", False, torch.float16),
        ("mps", True, None),
    ],
)
def test_precision_is_the_fast_one_that_the_device_computes(
    machine: Callable[..., None], device: str, bf16: bool, precision: torch.dtype | None
) -> None:
    machine(bf16=bf16)
    assert choose_precision(torch.device(device)) == precision
