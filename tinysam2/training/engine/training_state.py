"""What every stage that trains a tracker keeps from step to step and across resumed runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from tinysam2.model.network import TinySam2
from tinysam2.training.engine.distributed import ALONE, Ranks
from tinysam2.training.engine.run_control import load_state, save_state

EMA_DECAY = 0.998
"""Weight of the past in a step's moving average; less in the first steps of a run."""


@dataclass
class TrainingState:
    """A network in training, with its optimizer and averaged weights.

    Attributes:
        network: what is trained.
        optimizer: of its trained parameters.
        ema: exponential moving average of the network's state, which is what is exported.
        ranks: the processes that train together.
        step: number of optimizer steps so far.
        seconds: time that they took, over all runs.
    """

    network: TinySam2
    optimizer: torch.optim.Optimizer
    ema: dict[str, Tensor]
    ranks: Ranks = field(default=ALONE, kw_only=True)
    step: int = field(default=0, kw_only=True)
    seconds: float = field(default=0.0, kw_only=True)

    def write(self, path: Path, **more: object) -> None:
        """Save the state, and ``more`` entries with it, to a file that `read` continues from."""
        state = {
            "network": self.network.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "ema": self.ema,
            "step": self.step,
            "seconds": self.seconds,
            "ranks": self.ranks.count,
        }
        save_state(state | more, path)

    def read(self, path: Path) -> dict[str, Any]:
        """Continue from the file that `write` saved; returns all of its entries."""
        saved = load_state(path)
        device = self.network.no_memory.device
        self.network.load_state_dict(saved["network"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.ema = {name: value.to(device) for name, value in saved["ema"].items()}
        self.step, self.seconds = saved["step"], saved["seconds"]
        return saved

    def card(self, recipe: Mapping[str, object]) -> dict[str, object]:
        """Describe the training for the metadata of exported weights."""
        return {
            "recipe": dict(recipe),
            "steps": self.step,
            "seconds": round(self.seconds),
            "processes": self.ranks.count,
        }

    def update_ema(self) -> None:
        """Move the averaged weights a step towards the current ones."""
        decay = min(EMA_DECAY, (1 + self.step) / (10 + self.step))
        state = self.network.state_dict()
        names = [name for name, value in state.items() if value.is_floating_point()]
        averages, values = [self.ema[name] for name in names], [state[name] for name in names]
        torch._foreach_lerp_(averages, values, 1 - decay)
