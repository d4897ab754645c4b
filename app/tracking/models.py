"""What there is to track with: known models, what is stored of them, devices; knows no window.

The model library, and torch with it, is loaded by the first call, which takes seconds: jobs call.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import ModelError
from app.core.settings import MemoryValue

if TYPE_CHECKING:
    from tinysam2.config import ModelConfig
    from tinysam2.zoo import KnownModel

MEGABYTE = 1_000_000


class ModelState(StrEnum):
    """Whether a model's weights are here; in the store they go before those that are bundled."""

    STORED = "stored"
    BUNDLED = "bundled"
    NOT_STORED = "not stored"


@dataclass(frozen=True, slots=True)
class KnownModelRow:
    """A model that can be chosen.

    Attributes:
        name: what people type.
        title: what people read.
        family: the system it belongs to.
        parameters: number of weights.
        davis17_val: published J&F in percent; None if not known.
        licence: SPDX name of its weights' licence.
        state: whether its weights are here.
        can_fetch: whether its weights have an address.
        input_size: side of its input for a square picture, pixels, unless told otherwise.
        size_step: what input sides are multiples of.
        megabytes: size of the file at that address; None if not known.
        memory: its settings of the memory by name, unless told otherwise.
    """

    name: str
    title: str
    family: str
    parameters: int
    davis17_val: float | None
    licence: str
    state: ModelState
    can_fetch: bool
    input_size: int
    size_step: int
    megabytes: int | None
    memory: dict[str, MemoryValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AvailableModels:
    """All that can be chosen: models, devices of this computer, policies of the memory."""

    models: tuple[KnownModelRow, ...]
    devices: tuple[str, ...]
    policies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FetchStep:
    """How much of a file is here, and all of it, in megabytes."""

    done: int
    total: int


class ModelCatalog:
    """The model store as the window sees it."""

    def available(self) -> AvailableModels:
        """Look at the store and at the computer."""
        from tinysam2.config import MemoryPolicy
        from tinysam2.devices import available_devices
        from tinysam2.zoo import MODELS

        return AvailableModels(
            tuple(map(_row, MODELS.values())),
            available_devices(),
            tuple(policy.value for policy in MemoryPolicy),
        )

    def import_file(self, path: Path, selected: str) -> str:
        """Copy a weights file into the store.

        Args:
            path: the file.
            selected: whose weights it holds, should they fit several models.

        Returns:
            The name of the model.

        Raises:
            ModelError: it cannot be used, or fits several models other than the selected one.
        """
        from tinysam2.checkpoints import CheckpointError
        from tinysam2.recognising import AmbiguousError
        from tinysam2.store import ModelStore

        with store_errors("", "Select the one it is in the table, then import it again."):
            try:
                return ModelStore().import_file(path).model
            except AmbiguousError as error:
                try:
                    return ModelStore().import_file(path, selected).model
                except CheckpointError:
                    raise error from None

    def fetch(self, name: str) -> Iterator[FetchStep]:
        """Fetch a model's published weights; goes on after interruptions.

        Raises:
            ModelError: the network or the disk fails, or the file is not the published one.
        """
        from tinysam2.store import ModelStore

        hint = "Without network, fetch the file elsewhere and import it here."
        with store_errors(hint, ""):
            for done, total in ModelStore().fetch(name):
                yield FetchStep(done // MEGABYTE, -(-total // MEGABYTE))


@contextmanager
def store_errors(no_network: str, ambiguous: str) -> Iterator[None]:
    """Turn the failures of the store into sentences for users.

    Args:
        no_network: what to do without one.
        ambiguous: what to do when weights fit several models.

    Raises:
        ModelError: the store failed.
    """
    from tinysam2.checkpoints import CheckpointError
    from tinysam2.recognising import AmbiguousError
    from tinysam2.store import NetworkError, StoreError

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
    from tinysam2.zoo import MODELS

    return tuple(MODELS)


def state_of(name: str) -> tuple[ModelState, Path | None]:
    """Tell whether the weights of a model are here, and where."""
    from tinysam2.build import BUNDLED
    from tinysam2.store import ModelStore

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
        licence=model.licence,
        state=state,
        can_fetch=model.address is not None,
        input_size=config.image_size,
        size_step=config.size_step,
        megabytes=model.byte_size and -(-model.byte_size // MEGABYTE),
        memory={name: str(v) if isinstance(v, str) else v for name, v in memory.items()},
    )


def _config(model: "KnownModel", path: Path | None) -> "ModelConfig":
    from tinysam2.checkpoints import CheckpointError, load_config
    from tinysam2.config import ModelConfig
    from tinysam2.families import FAMILIES

    if model.network:
        return FAMILIES[model.network].config
    try:
        return load_config(path) if path else ModelConfig()
    except CheckpointError:  # is told when the weights are to be used
        return ModelConfig()
