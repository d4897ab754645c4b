"""The models that can be chosen, their weights and the devices of this computer.

Every function imports the model library, and torch with it, on its first call, which takes seconds;
the window therefore calls them in jobs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import ModelError
from app.core.settings import MemoryValue, ModelSettings
from app.tracking.backend import TrackerBackend

if TYPE_CHECKING:
    from tinysam2.checkpoints.registry import KnownModel
    from tinysam2.config import ModelConfig

MEGABYTE = 1_000_000
"""Bytes, as download sizes are counted."""


BUNDLED_SCORE = 0.770
"""J&F of the bundled weights, as ``resources/weights/README.md`` reports it."""


class ModelState(StrEnum):
    """Where the weights of a model are; stored ones take precedence over bundled ones."""

    STORED = "stored"
    BUNDLED = "bundled"
    NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class KnownModelRow:
    """A model that can be chosen.

    Attributes:
        name: the name that commands and settings use.
        title: the name that people read.
        family: the model family that it belongs to.
        parameters: number of parameters.
        davis17_val: published J&F on DAVIS 2017 val in percent; None if unknown.
        license: SPDX name of the license of its weights.
        state: where its weights are.
        can_fetch: whether its weights can be downloaded.
        input_size: default side of its input for a square frame, pixels.
        size_step: input sizes are multiples of this, pixels.
        megabytes: size of the download; None if unknown.
        memory: default values of its memory settings, by name.
    """

    name: str
    title: str
    family: str
    parameters: int
    davis17_val: float | None
    license: str
    state: ModelState
    can_fetch: bool
    input_size: int
    size_step: int
    megabytes: int | None
    memory: dict[str, MemoryValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AvailableModels:
    """What can be chosen: models, devices of this computer and memory policies."""

    models: tuple[KnownModelRow, ...]
    devices: tuple[str, ...]
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FetchStep:
    """Progress of a download: megabytes received, of ``total``."""

    done: int
    total: int


class ModelCatalog:
    """Lists, downloads and imports models for the window; tests replace it as a whole."""

    def available(self) -> AvailableModels:
        """Return which trackers, devices and policies can be chosen now."""
        from tinysam2.checkpoints.registry import MODELS
        from tinysam2.config import MemoryPolicy
        from tinysam2.devices import available_devices

        return AvailableModels(
            tuple(_row(model) for model in MODELS.values() if model.is_trackable),
            available_devices(),
            tuple(policy.value for policy in MemoryPolicy),
        )

    def import_file(self, path: Path, selected: str) -> str:
        """Copy a weights file into the store.

        Args:
            path: the file.
            selected: name of the model that it holds, if its content fits several.

        Returns:
            The name of the model.

        Raises:
            ModelError: it cannot be used, does not track, or fits several models and not the
                selected one.
        """
        from tinysam2.checkpoints.identify import AmbiguousError
        from tinysam2.checkpoints.native import CheckpointError
        from tinysam2.checkpoints.registry import MODELS
        from tinysam2.checkpoints.store import ModelStore

        trackers = {name: model for name, model in MODELS.items() if model.is_trackable}
        store = ModelStore(models=trackers)
        with store_errors("", "Select the one it is in the table, then import it again."):
            try:
                return store.import_file(path).model
            except AmbiguousError as error:
                try:
                    return store.import_file(path, selected).model
                except CheckpointError:
                    raise error from None
            except CheckpointError as error:
                if titles := _image_models_in(path):
                    raise ModelError(
                        f"{path} holds weights of {' or '.join(titles)}, which segments single "
                        "images and cannot track.",
                        "`tinysam2 weights import` stores them for `tinysam2 propose`.",
                    ) from error
                raise

    def fetch(self, name: str) -> Iterator[FetchStep]:
        """Download the published weights of a model; resumes an interrupted download.

        Raises:
            ModelError: the network or the disk fails, or the file is not the published one.
        """
        from tinysam2.checkpoints.store import ModelStore

        hint = "Without network, fetch the file elsewhere and import it here."
        with store_errors(hint, ""):
            for done, total in ModelStore().fetch(name):
                yield FetchStep(done // MEGABYTE, -(-total // MEGABYTE))


def _image_models_in(path: Path) -> list[str]:
    """Return titles of the models for single images whose weights a file may hold."""
    from tinysam2.checkpoints.identify import identify
    from tinysam2.checkpoints.native import CheckpointError

    try:
        return [model.title for model in identify(path) if not model.is_trackable]
    except CheckpointError:
        return []


@contextmanager
def store_errors(no_network: str, ambiguous: str) -> Iterator[None]:
    """Turn errors of the model store into `ModelError`.

    Args:
        no_network: hint for when the network cannot be reached.
        ambiguous: hint for when weights fit several models.

    Raises:
        ModelError: the store failed.
    """
    from tinysam2.checkpoints.identify import AmbiguousError
    from tinysam2.checkpoints.native import CheckpointError
    from tinysam2.checkpoints.store import NetworkError, StoreError

    try:
        yield
    except NetworkError as error:
        raise ModelError(str(error), no_network) from error
    except AmbiguousError as error:
        raise ModelError(str(error), ambiguous) from error
    except (CheckpointError, StoreError) as error:
        raise ModelError(str(error)) from error


def known_models() -> tuple[str, ...]:
    """Return the names of all known models."""
    from tinysam2.checkpoints.registry import MODELS

    return tuple(MODELS)


def state_of(name: str) -> tuple[ModelState, Path | None]:
    """Return where the weights of a model are, and the path of their file if there is one."""
    from tinysam2.build import BUNDLED
    from tinysam2.checkpoints.store import ModelStore

    if path := ModelStore().path(name):
        return ModelState.STORED, path
    bundled = BUNDLED.get(name)
    return (ModelState.BUNDLED if bundled else ModelState.NOT_STORED), bundled


def _row(model: "KnownModel") -> KnownModelRow:
    state, path = state_of(model.name)
    config = _config(model, path)
    memory = {each.name: getattr(config.memory, each.name) for each in fields(config.memory)}
    return KnownModelRow(
        name=model.name,
        title=model.title,
        family=model.family,
        parameters=model.parameters,
        davis17_val=model.davis17_val,
        license=model.license,
        state=state,
        can_fetch=model.address is not None,
        input_size=config.image_size,
        size_step=config.size_step,
        megabytes=model.byte_size and round(model.byte_size / MEGABYTE),
        memory={name: str(v) if isinstance(v, str) else v for name, v in memory.items()},
    )


def _config(model: "KnownModel", path: Path | None) -> "ModelConfig":
    from tinysam2.checkpoints.key_maps import EXTERNAL_MODELS
    from tinysam2.checkpoints.native import CheckpointError, load_config
    from tinysam2.config import ModelConfig

    if model.network:
        return EXTERNAL_MODELS[model.network].config
    try:
        return load_config(path) if path else ModelConfig()
    except CheckpointError:  # reported when the model is loaded
        return ModelConfig()


def load_model(settings: ModelSettings) -> TrackerBackend:
    """Load a model; takes seconds, so it is called where jobs run.

    Raises:
        ModelError: the model, its weights or the device cannot be used.
    """
    from app.tracking.tinysam2_backend import TinySam2Backend

    return TinySam2Backend.load(settings)
