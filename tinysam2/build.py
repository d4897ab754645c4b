"""From a model's name to a network ready to use."""

import copy
import logging
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from tinysam2.checkpoints.convert import load_external
from tinysam2.checkpoints.identify import identify, not_for
from tinysam2.checkpoints.key_maps import EXTERNAL_MODELS
from tinysam2.checkpoints.native import (
    CheckpointError,
    check_keys,
    load_checkpoint,
    load_state,
)
from tinysam2.checkpoints.registry import MODELS, KnownModel
from tinysam2.checkpoints.sam import load_sam
from tinysam2.checkpoints.store import ModelStore
from tinysam2.config import ModelConfig
from tinysam2.devices import choose_device, choose_precision, place
from tinysam2.engines.runner import Engine, EngineRunner, choose_engine
from tinysam2.model.encoders.fpn import SamFpn
from tinysam2.model.encoders.repvit import fuse_repvit
from tinysam2.model.network import TinySam2
from tinysam2.model.sam import Sam
from tinysam2.model.stages import run_by_torch

_log = logging.getLogger(__name__)
BUNDLED = {"tinysam2": Path(__file__).parents[1] / "resources" / "weights" / "tinysam2.safetensors"}
LOADABLE = tuple(name for name, model in MODELS.items() if model.is_trackable)
"""Names of `tinysam2.checkpoints.registry` that `load_model` takes."""


@dataclass(frozen=True)
class ImageModel:
    """A network for single images, ready to use: fused, in eval mode, on its device.

    Attributes:
        autocast: the type its matrix work runs in; None for float32.
        engine: what runs its stages.
    """

    network: TinySam2 | Sam
    device: torch.device
    autocast: torch.dtype | None
    engine: Engine = Engine.TORCH


@dataclass(frozen=True)
class Model(ImageModel):
    """A network with a memory, which also tracks."""

    network: TinySam2


AnyModel = TypeVar("AnyModel", bound=ImageModel)


def load_model(
    name: str = "tinysam2",
    checkpoint: str | Path | None = None,
    device: str = "auto",
    download: bool = True,
    engine: str = "torch",
) -> Model:
    """Load a model that tracks, for inference.

    Args:
        name: a known model that tracks.
        checkpoint: a weights file of that model, in our format or an external model's own; the
            stored or else the bundled one unless given.
        device: "auto", "cpu", "cuda[:i]" or "mps".
        download: fetch the published weights into the model store where they are neither given,
            stored nor bundled.
        engine: "torch", "openvino" for the stages that OpenVINO runs on the CPU, or "auto" for the
            faster of both, measured once per machine; see `tinysam2.engines.runner`.

    Raises:
        ValueError: the name, device or engine is unknown, or the model does not track.
        CheckpointError: the weights cannot be used, or are not here and not to be fetched.
        StoreError: fetching the weights failed.
    """
    if name in MODELS and name not in LOADABLE:
        raise ValueError(f"{name} segments single images and cannot track")
    model = load_image_model(name, checkpoint, device, download, engine)
    assert isinstance(model, Model)
    return model


def load_image_model(
    name: str = "tinysam2",
    checkpoint: str | Path | None = None,
    device: str = "auto",
    download: bool = True,
    engine: str = "torch",
) -> ImageModel:
    """Load any model for single images; the rest as in `load_model`."""
    if name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {name!r}")
    target = choose_device(device)
    chosen = choose_engine(engine, target)
    path = Path(checkpoint) if checkpoint is not None else _weights_of(name, download)
    try:
        network = _read_network(MODELS[name], path)
    except CheckpointError as error:
        others = _models_in(path)
        if not others or MODELS[name] in others:
            raise
        raise not_for(name, path, others) from error
    if isinstance(network, TinySam2):
        model: ImageModel = prepare(network, target)
    else:
        network.eval().requires_grad_(False)
        place(network, target)
        model = ImageModel(network, target, choose_precision(target))
    return run_by(chosen, model)


def run_by(engine: Engine, model: AnyModel) -> AnyModel:
    """Let an engine run the stages of a model's network, in place."""
    is_torch = engine is Engine.TORCH
    model.network.run = run_by_torch if is_torch else EngineRunner(model.network, engine)
    return replace(model, engine=engine)


def random_model(name: str, device: str = "auto") -> Model:
    """Make a model that tracks with random weights, whose speed is that of the trained one.

    Raises:
        ValueError: the name or device is unknown, or the model does not track.
    """
    if name not in LOADABLE:
        raise ValueError(f"{name} is no model that tracks")
    target, external = choose_device(device), MODELS[name].network
    config = EXTERNAL_MODELS[external].config if external else ModelConfig()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return prepare(TinySam2(config).eval(), target)


def _read_network(model: KnownModel, path: Path) -> TinySam2 | Sam:
    if model.network is None:
        return load_own(path)
    if not model.is_trackable:
        return load_sam(model.network, path)
    return load_external(model.network, path)


def _weights_of(name: str, download: bool) -> Path:
    store = ModelStore()
    path = store.intact(name) or BUNDLED.get(name)
    if path is None and download and (address := MODELS[name].address):
        _log.warning("fetching the weights of %s from %s", name, address)
        path = store.get(name)
    if path is None:
        raise CheckpointError(
            f"The weights of {name} are not stored here: fetch them with "
            f"`tinysam2 weights get {name}`, or give their file."
        )
    return path


def _models_in(path: Path) -> list[KnownModel]:
    """Return the models whose weights a file may hold; none if it cannot be read."""
    try:
        return identify(path)
    except CheckpointError:
        return []


def load_own(path: Path) -> TinySam2:
    """Read a file of the program's own format, in train form.

    Raises:
        CheckpointError: the weights cannot be used.
    """
    config, state, _ = load_checkpoint(path)
    with torch.device("meta"):  # what the file claims to hold takes no memory before it is there
        check_keys(TinySam2(config), state, path)
    network = TinySam2(config)
    load_state(network, state, path)
    return network


def on_cpu(model: AnyModel) -> AnyModel:
    """Copy a model to the CPU; its own device needs no room for that."""
    weights = chain(model.network.parameters(), model.network.buffers())
    moved = {id(w): _on_cpu(w) for w in weights}
    copied = copy.deepcopy(model.network, moved)  # takes what is in the memo for its copy
    cpu = torch.device("cpu")
    return replace(model, network=copied, device=cpu, autocast=choose_precision(cpu))


def _on_cpu(weight: Tensor) -> Tensor:
    values = weight.detach().to("cpu", copy=True)
    return nn.Parameter(values, False) if isinstance(weight, nn.Parameter) else values


def prepare(network: TinySam2, device: torch.device) -> Model:
    """Fuse a network, in place, for inference on a device."""
    fuse_repvit(network.eval().trunk)
    if isinstance(network.neck, SamFpn):
        network.neck = network.neck.fuse()
    network.requires_grad_(False)
    place(network, device)
    return Model(network, device, choose_precision(device))
