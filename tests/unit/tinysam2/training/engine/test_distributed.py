"""Several processes train as one: real ones against threads whose gradients are averaged here."""

import multiprocessing
import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from tests.unit.tinysam2.training.distillation.features.test_stage import random_teacher
from tests.unit.tinysam2.training.toy_run import make_run
from tinysam2.config import ModelConfig
from tinysam2.training.distillation.features import stage as feature_distillation
from tinysam2.training.distillation.features.config import DistillationConfig
from tinysam2.training.distillation.features.teachers import load_feature_teacher
from tinysam2.training.engine.distributed import ALONE, Ranks, joined
from tinysam2.training.engine.run_control import never
from tinysam2.training.tracking import stage as tracking_stage
from tinysam2.training.tracking.config import Phase, TrackingConfig
from tinysam2.training.tracking.stage import train_tracking
from tinysam2.training.tracking.state import start_or_resume

SMALL = ModelConfig(dim=96, memory_dim=32, mlp_dim=64, memory_layers=1, image_size=64)
COUNT = 2
WAIT_S = 600


@pytest.fixture
def config(tmp_path: Path) -> TrackingConfig:
    phases = (Phase(0.3, 64, encoder=False), Phase(1.0, 64))
    return replace(make_run(tmp_path, SMALL), out=tmp_path / "tracking", phases=phases)


@dataclass(frozen=True)
class Threads(Ranks):
    """Ranks that are threads of this process, and average gradient by gradient.

    They take turns, since threads clear each other's casts of weights for autocast.
    """

    meeting: threading.Barrier = field(default_factory=lambda: threading.Barrier(COUNT))
    table: dict[int, object] = field(default_factory=dict)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def _exchange(self, mine: object) -> list[object]:
        self.table[self.own] = mine
        self.turn.release()
        self.meeting.wait(WAIT_S)
        everyones = [self.table[rank] for rank in range(self.count)]
        self.meeting.wait(WAIT_S)
        self.turn.acquire()
        return everyones

    def _highest(self, numbers: list[float]) -> list[float]:
        return [max(each) for each in zip(*self._exchange(numbers), strict=True)]  # type: ignore[arg-type]

    def average(self, parameters: object) -> None:
        asked: list[nn.Parameter] = list(parameters)  # type: ignore[call-overload]
        grads = [None if p.grad is None else p.grad.clone() for p in asked]
        for p, *each in zip(asked, *self._exchange(grads), strict=True):  # type: ignore[misc]
            known = [grad for grad in each if grad is not None]
            p.grad = sum(known) / self.count if known else None


def in_threads(work: Callable[[Threads], None]) -> None:
    shared = threading.Barrier(COUNT), dict[int, object](), threading.Lock()
    ranks = [Threads(own, COUNT, own, *shared) for own in range(COUNT)]

    def take_turns(each: Threads) -> None:
        with each.turn:
            work(each)

    threads = [threading.Thread(target=take_turns, args=(each,)) for each in ranks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def in_processes(work: Callable[..., None], *arguments: object) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    context = multiprocessing.get_context("spawn")
    started = [
        context.Process(target=as_rank, args=(own, port, work, arguments)) for own in range(COUNT)
    ]
    for process in started:
        process.start()
    for process in started:
        process.join(WAIT_S)
    assert [process.exitcode for process in started] == [0] * COUNT


def as_rank(own: int, port: int, work: Callable[..., None], arguments: tuple[object, ...]) -> None:
    os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(own)}
    os.environ |= {"WORLD_SIZE": str(COUNT), "LOCAL_RANK": str(own)}
    torch.set_num_threads(1)
    ranks = Ranks.of_environment()
    with joined(ranks, "cpu") as device:
        assert device == "cpu"
        work(ranks, *arguments)


def learn(ranks: Ranks, tracking: TrackingConfig, features: DistillationConfig, to: Path) -> None:
    """Average once by hand, then follow both recipes, and write what this rank came to."""
    both, one, none = (nn.Parameter(torch.zeros(2, 3)) for _ in range(3))
    both.grad = torch.full((2, 3), 1.0 + ranks.own)
    one.grad = torch.ones(3, 2).T if ranks.own else None
    ranks.average([both, one, none])
    found: dict[str, object] = {"both": both.grad, "one": one.grad, "none": none.grad}
    found["stop"] = [ranks.any(ranks.own == 1), ranks.any(False)]
    found["seconds"] = ranks.broadcast_number(7.5 + ranks.own)

    tracking.out.mkdir(exist_ok=True)
    state = start_or_resume(tracking, ranks)
    list(tracking_stage._train(state, tracking, never))
    found["tracking"] = state.network.state_dict()

    feature_distillation.PCA_BATCHES = 1
    features.out.mkdir(exist_ok=True)
    teacher = load_feature_teacher(features, ranks)
    run = feature_distillation._start(features, teacher, ranks)
    list(feature_distillation._train(run, features, teacher, never))
    found["features"] = dict(run.student.named_parameters())
    found["projection"] = run.projections[0][1]
    torch.save(found, to / f"{ranks.own}.pt")


def assert_equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def distance(one: dict[str, Tensor], other: dict[str, Tensor]) -> float:
    """Return how far apart the weights are altogether."""
    return sum(float((value - other[name]).abs().double().sum()) for name, value in one.items())


@pytest.mark.slow
def test_processes_learn_as_one_what_averaging_by_hand_gives(
    config: TrackingConfig, tmp_path: Path
) -> None:
    teacher = str(random_teacher(tmp_path / "teacher.safetensors"))
    features = DistillationConfig(config.data, teacher, tmp_path / "features", steps=2, dim=64)
    features = replace(features, crop=64, batch=2, workers=0)
    in_processes(learn, config, features, tmp_path)
    first, second = (torch.load(tmp_path / f"{own}.pt", weights_only=True) for own in range(COUNT))
    for found in (first, second):
        assert torch.equal(found["both"], torch.full((2, 3), 1.5))
        assert torch.equal(found["one"], torch.full((2, 3), 0.5))
        assert found["none"] is None
        assert (found["stop"], found["seconds"]) == ([True, False], 7.5)
    assert torch.equal(first["projection"], second["projection"])
    assert_equal(first["features"], second["features"])
    assert_equal(first["tracking"], second["tracking"])

    apart = replace(config, out=tmp_path)
    states = [start_or_resume(apart, ALONE) for _ in range(COUNT)]  # as the processes begin

    def train(ranks: Threads) -> None:
        states[ranks.own].ranks = ranks
        list(tracking_stage._train(states[ranks.own], apart, never))

    in_threads(train)
    by_hand = states[0].network.state_dict()
    alone = replace(config, out=tmp_path / "alone")
    list(train_tracking(alone))
    of_one = torch.load(alone.out / "state.pt", weights_only=True)["network"]
    assert distance(first["tracking"], by_hand) < 1e-3 * distance(of_one, by_hand)
    with pytest.raises(ValueError, match=r"was started by 2 process\(es\)"):
        next(train_tracking(config))


def test_ranks_are_what_torchrun_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Ranks.of_environment() == ALONE
    for name, value in (("RANK", "5"), ("WORLD_SIZE", "8"), ("LOCAL_RANK", "1")):
        monkeypatch.setenv(name, value)
    ranks = Ranks.of_environment()
    assert (ranks.own, ranks.count, ranks.local) == (5, 8, 1)
    assert [ALONE.is_first, ranks.is_first] == [True, False]


def test_every_item_and_seed_belongs_to_one_rank() -> None:
    ranks = [Ranks(own, 3) for own in range(3)]
    assert sorted(item for each in ranks for item in each.items(10)) == list(range(10))
    seeds = [each.seed(common) for common in (7, 8) for each in ranks]
    assert len({*seeds}) == 6
    assert list(ALONE.items(4)) == [0, 1, 2, 3]
    assert ALONE.seed(7) == 7


def test_a_process_alone_agrees_with_itself() -> None:
    parameter = nn.Parameter(torch.zeros(2))
    parameter.grad = torch.ones(2)
    ALONE.average([parameter])
    assert torch.equal(parameter.grad, torch.ones(2))
    assert (ALONE.any(True), ALONE.any(False), ALONE.broadcast_number(2.5)) == (True, False, 2.5)
    with joined(ALONE, "mps") as device:
        assert device == "mps"


@pytest.mark.parametrize("device", ["mps", "cuda:1", "cuda"])
def test_processes_need_a_device_each(device: str) -> None:
    ranks = Ranks(99, 100, 99)  # no machine has so many
    with pytest.raises(ValueError, match="device"), joined(ranks, device):
        pass


def test_a_run_is_continued_by_as_many_processes(tmp_path: Path) -> None:
    ALONE.check_together(3, 1, tmp_path)
    with pytest.raises(ValueError, match="has to be continued by as many, got 1"):
        ALONE.check_together(3, 4, tmp_path)
