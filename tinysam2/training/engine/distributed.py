"""One run in several processes, each on its own device: who learns from what, what they agree on.

``torchrun`` starts the processes; a process that is alone agrees with itself at no cost.
``DistributedDataParallel`` does not fit: it averages gradients on their way back through one
``forward``, and a step here calls many parts of a network, not the same ones in every process.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed as dist
from torch import Tensor, nn

from tinysam2.devices import choose_device


@dataclass(frozen=True, slots=True)
class Ranks:
    """The processes of a run, seen from one of them.

    Every process must call the methods that communicate, in the same order: `any`,
    `broadcast_number`, `average`, `broadcast` and `check_together`.

    Attributes:
        own: number of this process, from 0 on; the first one saves, reports and validates.
        count: of all processes.
        local: number of this process on its machine, which is that of its CUDA device.
    """

    own: int = 0
    count: int = 1
    local: int = 0

    @staticmethod
    def of_environment() -> "Ranks":
        """Read what ``torchrun`` says."""
        given = os.environ
        own, count = int(given.get("RANK", 0)), int(given.get("WORLD_SIZE", 1))
        return Ranks(own, count, int(given.get("LOCAL_RANK", 0)))

    @property
    def is_first(self) -> bool:
        """Whether this process speaks for all."""
        return self.own == 0

    def items(self, total: int) -> range:
        """Return which of the items 0 to ``total`` are read here; nobody else reads them."""
        return range(self.own, total, self.count)

    def seed(self, common: int) -> int:
        """Turn a seed that changes by 1 from step to step into one that is only used here."""
        return common * self.count + self.own

    def any(self, flag: bool) -> bool:
        """Return whether a flag is set in one of the processes."""
        return flag if self.count == 1 else bool(self._highest([flag])[0])

    def broadcast_number(self, number: float) -> float:
        """Return the number, which is not negative, that the first process gave."""
        return number if self.count == 1 else self._highest([number * self.is_first])[0]

    def _highest(self, numbers: list[float]) -> list[float]:
        """Return the highest value of each number; on the CPU, so that no device is waited for."""
        given = torch.tensor(numbers, dtype=torch.float64)
        dist.all_reduce(given, dist.ReduceOp.MAX)
        return given.tolist()

    def average(self, parameters: Iterable[nn.Parameter]) -> None:
        """Make each gradient the mean of all processes', in one sum over all of them.

        Each process draws its own clips and prompts, so that a part of the network may have
        learned in some of them only: elsewhere its gradient is 0.  Parameters without a gradient
        in any process are left without.
        """
        if self.count == 1:
            return
        asked = list(parameters)
        is_used = self._highest([p.grad is not None for p in asked])
        used = [p for p, flag in zip(asked, is_used, strict=True) if flag]
        gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in used]
        flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
        dist.all_reduce(flat)
        means = (flat / self.count).split([p.numel() for p in used])
        for parameter, gradient, mean in zip(used, gradients, means, strict=True):
            parameter.grad = gradient.copy_(mean.view(gradient.shape))

    @torch.inference_mode()
    def broadcast(self, tensors: Iterable[Tensor]) -> None:
        """Overwrite tensors with those of the first process."""
        if self.count == 1:
            return
        for tensor in tensors:
            sent = tensor.contiguous()
            dist.broadcast(sent, 0)
            tensor.copy_(sent)

    def check_together(self, step: int, started_by: int, out: Path) -> None:
        """Refuse a run that the processes cannot resume together.

        Args:
            step: at which this process finds the run.
            started_by: number of processes that began the run.
            out: folder of the run.

        Raises:
            ValueError: they were another number, or do not all find the same state.
        """
        if started_by != self.count:
            raise ValueError(
                f"the run in {out} was started by {started_by} process(es) and has to be continued "
                f"by as many, got {self.count}"
            )
        if self.any(step != self.broadcast_number(step)):
            raise ValueError(f"{out} must be one folder that all processes share")


ALONE = Ranks()


@contextmanager
def joined(ranks: Ranks, device: str) -> Iterator[str]:
    """Bring processes together until the run ends; yields the device of this one.

    After a failure the others wait for this process, which must not wait for them: it leaves
    without a word, and ``torchrun`` ends them.

    Raises:
        ValueError: not every process can have a device of its own.
    """
    if ranks.count == 1:
        yield device
        return
    own = _own_device(device, ranks.local)
    if own.type == "cuda":
        torch.cuda.set_device(own)
    dist.init_process_group("cpu:gloo,cuda:nccl" if own.type == "cuda" else "gloo")
    yield str(own)
    dist.destroy_process_group()


def _own_device(name: str, local: int) -> torch.device:
    if name == "cuda":
        return choose_device(f"cuda:{local}")
    if name != "cpu":
        raise ValueError(f"device must be cuda or cpu for several processes, got {name!r}")
    return torch.device(name)
