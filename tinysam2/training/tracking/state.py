"""The state of stages 2 and 3, from step to step and across resumed runs."""

from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from tinysam2.build import load_own
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.config import ModelConfig
from tinysam2.devices import place
from tinysam2.model.encoders.repvit import fuse_repvit
from tinysam2.model.network import TinySam2
from tinysam2.training.engine.compilation import compile_parts
from tinysam2.training.engine.distributed import Ranks
from tinysam2.training.engine.run_control import STATE_FILE
from tinysam2.training.engine.training_state import TrainingState
from tinysam2.training.tracking.config import TrackingConfig
from tinysam2.training.tracking.matcher_start import start_as_matcher
from tinysam2.training.tracking.teacher import Teacher, load_teacher
from tinysam2.training.tracking.validation import Validation

ENCODER_KEYS = ("trunk.", "neck.")
_TOKENS_AND_CODES = ("_token", "_tokens", "_code")


@dataclass
class TrackingState(TrainingState):
    """The state of a run that trains tracking.

    Attributes:
        teacher: the frozen network whose features are copied, if there is one.
        validation: scores the averaged weights from time to time, in the first process only.
    """

    teacher: Teacher | None = None
    validation: Validation | None = None

    def save(self, config: TrackingConfig) -> None:
        """Write the state and the averaged weights; only the first process does."""
        if self.ranks.is_first:
            self.write(config.out / STATE_FILE, teacher=self.teacher and self.teacher.state())
            export(self, config)

    def load(self, path: Path) -> int:
        """Continue where `save` was; returns the number of processes that were then."""
        saved = self.read(path)
        if self.teacher is not None:
            self.teacher.resume(saved.get("teacher"))
        return int(saved.get("ranks", 1))

    def parameters(self) -> list[nn.Parameter]:
        """Return all that is trained: the network and what leads from it to a teacher."""
        maps = [] if self.teacher is None else self.teacher.maps.parameters()
        return [*self.network.parameters(), *maps]


def start_or_resume(config: TrackingConfig, ranks: Ranks) -> TrackingState:
    """Make the state of a run, or read it from ``out/state.pt`` where there is one.

    Raises:
        ValueError: weights do not fit, or the processes cannot resume together.
    """
    state, started_by = _start(config, ranks), ranks.count
    if (config.out / STATE_FILE).exists():
        started_by = state.load(config.out / STATE_FILE)
    ranks.check_together(state.step, started_by, config.out)
    return state


def _start(config: TrackingConfig, ranks: Ranks) -> TrackingState:
    torch.manual_seed(config.seed)
    network = _network(config)
    place(network, torch.device(config.device))
    if config.vectors_only:
        _freeze_matrices(network)
    optimizer = _optimizer(network, config)
    teacher = load_teacher(config, network.config.dim)
    if config.compile:
        compile_parts([network.trunk, network.neck], config.device)
    ranks.broadcast(network.state_dict().values())
    if teacher is not None:
        ranks.broadcast(teacher.maps.state_dict().values())
    ema = {k: v.clone() for k, v in network.state_dict().items()}
    validation = _validation(config) if ranks.is_first else None
    return TrackingState(network, optimizer, ema, teacher, validation, ranks=ranks)


def _freeze_matrices(network: TinySam2) -> None:
    """Let biases, the factors of norms, and learned tokens and codes learn alone."""
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(parameter.ndim < 2 or name.endswith(_TOKENS_AND_CODES))


def _optimizer(network: TinySam2, config: TrackingConfig) -> torch.optim.Optimizer:
    named = [(name, p) for name, p in network.named_parameters() if p.requires_grad]
    trunk = [p for name, p in named if name.startswith("trunk.")]
    rest = [p for name, p in named if not name.startswith("trunk.")]
    return torch.optim.AdamW(
        [
            {"params": trunk, "rate": config.trunk_rate},
            {"params": rest, "rate": 1.0},
        ],
        weight_decay=config.weight_decay,
    )


def _network(config: TrackingConfig) -> TinySam2:
    """Build what is trained: a network whose trunk is fused.

    Small batches of few scenes would spoil the statistics of batch norms, so they stay as they
    are; then the branches can as well be one convolution each, which trains three times as fast.
    """
    if config.start is not None:
        network = load_own(config.start)
    else:
        assert config.encoder is not None
        network = TinySam2(config.model or ModelConfig())
        stage1 = load_file(config.encoder)
        kept = {k: v for k, v in stage1.items() if k.startswith(ENCODER_KEYS)}
        missing, unexpected = network.load_state_dict(kept, strict=False)
        if unexpected or any(k.startswith(ENCODER_KEYS) for k in missing):
            raise ValueError(f"{config.encoder} does not hold an encoder of this shape")
        start_as_matcher(network)
    fuse_repvit(network.eval().trunk)
    network.config = replace(network.config, fused=True)
    return network


def _validation(config: TrackingConfig) -> Validation | None:
    if config.validate is None:
        return None
    return Validation(config.validate, config.validate_every_s, config.data)


def export(state: TrackingState, config: TrackingConfig) -> None:
    """Write the averaged weights as a checkpoint that `load_model` reads."""
    # Paths, what changes no weights, and what the file says anyway.
    left_out = {"data", "encoder", "start", "out", "model", "teacher_checkpoint"}
    left_out |= {"validate", "validate_every_s", "compile"}
    card = state.card({k: v for k, v in asdict(config).items() if k not in left_out})
    # Predictions from clicks are best at about the size of the last phase.
    size = config.size(state.step, state.seconds)
    shape = replace(state.network.config, image_size=size)
    save_checkpoint(config.out / "tinysam2.safetensors", shape, state.ema, card)
