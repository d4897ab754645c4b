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
    load_scales,
    load_state,
)
from tinysam2.checkpoints.registry import MODELS, KnownModel
from tinysam2.checkpoints.sam import load_sam
from tinysam2.checkpoints.scales import check_scales
from tinysam2.checkpoints.store import ModelStore
from tinysam2.config import ModelConfig
from tinysam2.devices import INT8, choose_device, choose_precision, place, precision_named
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
        int8: whether stages run in 8 bits where the network has scales, the rest in float32; None
            where that is faster than float32.
    """

    network: TinySam2 | Sam
    device: torch.device
    autocast: torch.dtype | None
    engine: Engine = Engine.TORCH
    int8: bool | None = None


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
    precision: str = "auto",
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
        precision: "float32", "bfloat16", "float16", "int8" for 8 bits where the network has scales,
            or "auto" for the fastest that is sound on the device.

    Raises:
        ValueError: the name, device, engine or precision is unknown, or cannot be used, or the
            model does not track.
        CheckpointError: the weights cannot be used, or are not here and not to be fetched.
        StoreError: fetching the weights failed.
    """
    if name in MODELS and name not in LOADABLE:
        raise ValueError(f"{name} segments single images and cannot track")
    model = load_image_model(name, checkpoint, device, download, engine, precision)
    assert isinstance(model, Model)
    return model


def load_image_model(
    name: str = "tinysam2",
    checkpoint: str | Path | None = None,
    device: str = "auto",
    download: bool = True,
    engine: str = "torch",
    precision: str = "auto",
) -> ImageModel:
    """Load any model for single images; the rest as in `load_model`."""
    if name not in MODELS:
        raise ValueError(f"model must be one of {', '.join(MODELS)}, got {name!r}")
    target = choose_device(device)
    chosen = choose_engine(engine, target)
    path = Path(checkpoint) if checkpoint is not None else weights_of(name, download)
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
    return run_by(chosen, model, precision)


def run_by(engine: Engine, model: AnyModel, precision: str = "auto") -> AnyModel:
    """Let an engine run the stages of a model's network, in place.

    Args:
        engine: that can run on the model's device.
        model: as its network was loaded.
        precision: see `load_model`.

    Raises:
        ValueError: the precision is unknown, or this model cannot run in it.
    """
    if precision != "auto":
        model = replace(model, autocast=precision_named(precision), int8=precision == INT8)
    if model.int8 and not getattr(model.network, "scales", {}):
        raise ValueError("these weights have no scales for int8: make some, `tinysam2 quantize`")
    if model.int8 and engine is Engine.TORCH:
        raise ValueError("the precision int8 needs the engine openvino, on the CPU")
    is_torch = engine is Engine.TORCH
    runner = run_by_torch if is_torch else EngineRunner(model.network, engine, model.int8)
    model.network.run = runner
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


def weights_of(name: str, download: bool) -> Path:
    """Return the stored or else the bundled weights file of a model; see `load_model`.

    Raises:
        CheckpointError: it is not here and not to be fetched.
        StoreError: fetching it failed.
    """
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
    network.scales = load_scales(path)
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
    """Fuse a network, in place, for inference on a device.

    Raises:
        ValueError: it has scales of other layers than its own.
    """
    fuse_repvit(network.eval().trunk)
    network.memory_encoder.fuse()
    if isinstance(network.neck, SamFpn):
        network.neck = network.neck.fuse()
    check_scales(network, network.scales)
    network.requires_grad_(False)
    place(network, device)
    return Model(network, device, choose_precision(device))
