"""Training recipes: TOML files that are read strictly into the stages' dataclasses."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, TypeAlias, Union, get_args, get_origin, get_type_hints

from tinysam2.devices import choose_device
from tinysam2.training.distillation.features.config import DistillationConfig
from tinysam2.training.distillation.features.stage import distill_features
from tinysam2.training.distillation.memory.config import MemoryDistillationConfig
from tinysam2.training.distillation.memory.stage import distill_memory
from tinysam2.training.distillation.sam.config import SamDistillationConfig
from tinysam2.training.distillation.sam.stage import distill_sam, last_shards
from tinysam2.training.engine.distributed import Ranks, joined
from tinysam2.training.engine.run_control import STATE_FILE, StopRequest
from tinysam2.training.tracking.config import TrackingConfig
from tinysam2.training.tracking.stage import train_tracking

Recipe: TypeAlias = (
    DistillationConfig | MemoryDistillationConfig | SamDistillationConfig | TrackingConfig
)

STAGES: dict[str, type[Recipe]] = {
    "features": DistillationConfig,
    "memory": MemoryDistillationConfig,
    "sam": SamDistillationConfig,
    "tracking": TrackingConfig,
}
NONE = "none"  # TOML has no null: what switches an optional setting off
_TYPE_NAMES = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}
_MADE_BY_RUN = ("out", "cache")
_OLD_NAMES = {"held_side": "resident_side", "pictures": "images"}
"""Keys of earlier versions, which are still read."""


class RecipeError(ValueError):
    """A recipe cannot be followed; says in one sentence which file and key are at fault."""


@dataclass(frozen=True, slots=True)
class _Key:
    """Where in which file a value stands."""

    file: Path
    name: str = ""

    def child(self, name: str | int) -> "_Key":
        if isinstance(name, int):
            return replace(self, name=f"{self.name}[{name}]")
        return replace(self, name=f"{self.name}.{name}" if self.name else name)

    def error(self, expected: str) -> RecipeError:
        return RecipeError(f"{self.file}: `{self.name}` {expected}")


def read_recipe(file: Path, overrides: Mapping[str, Any]) -> Recipe:
    """Read a recipe.

    Args:
        file: TOML with ``stage``, a key of `STAGES`, and fields of its dataclass.
        overrides: values that win over the file's, as TOML would give them.

    Raises:
        RecipeError: the file or something that it names is missing, unknown or of a wrong type.
    """
    try:
        table = tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise RecipeError(f"{file} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise RecipeError(f"{file} is not a TOML file: {error}") from error
    key = _Key(file)
    stage = table.pop("stage", None)
    if stage not in STAGES:
        choices = " or ".join(f'"{name}"' for name in STAGES)
        raise key.child("stage").error(f"must be {choices}, got {stage!r}")
    recipe: Recipe = _table({**table, **overrides}, STAGES[stage], key)
    try:
        return replace(recipe, device=str(choose_device(recipe.device)))
    except ValueError as error:
        raise key.child("device").error(f"cannot be used: {error}") from error


def follow(recipe: Recipe, is_stopped: StopRequest) -> Iterator[Mapping[str, float]]:
    """Run a recipe, resuming what its ``out`` folder holds; yields reports.

    Of the processes that ``torchrun`` starts, each runs it on its own device, and the first one
    yields.
    """
    ranks = Ranks.of_environment()
    with joined(ranks, recipe.device) as device:
        own = replace(recipe, device=device)
        if isinstance(own, DistillationConfig):
            yield from distill_features(own, is_stopped, ranks)
        elif isinstance(own, MemoryDistillationConfig):
            yield from distill_memory(own, is_stopped, ranks)
        elif isinstance(own, SamDistillationConfig):
            yield from distill_sam(own, is_stopped, ranks)
        else:
            yield from train_tracking(own, is_stopped, ranks)


def is_started(recipe: Recipe) -> bool:
    """Return whether following the recipe resumes a saved run."""
    has_shards = isinstance(recipe, SamDistillationConfig) and bool(last_shards(recipe.out))
    return has_shards or (recipe.out / STATE_FILE).exists()


def _table(table: Any, kind: type, key: _Key) -> Any:  # noqa: ANN401 - whatever TOML gave
    """Make a dataclass of a table of its fields."""
    if not isinstance(table, dict):
        raise key.error("must be a table")
    table = {_OLD_NAMES.get(name, name): value for name, value in table.items()}
    known: dict[str, Field[Any]] = {f.name: f for f in fields(kind)}
    hints = get_type_hints(kind)
    for name in table:
        if name not in known:
            raise key.child(name).error(f"is not known; choose from {', '.join(known)}")
    values = {name: _value(value, hints[name], key.child(name)) for name, value in table.items()}
    for name, setting in known.items():
        is_required = setting.default is MISSING and setting.default_factory is MISSING
        if is_required and name not in table:
            raise key.child(name).error("is missing")
    try:
        return kind(**values)
    except ValueError as error:
        raise RecipeError(f"{key.file}: {f'`{key.name}`: ' * bool(key.name)}{error}") from error


def _value(value: Any, kind: Any, key: _Key) -> Any:  # noqa: ANN401 - whatever TOML gave
    """Check a TOML value against a type hint and make it of that type."""
    if get_origin(kind) in (UnionType, Union):
        return _choice(value, get_args(kind), key)
    if get_origin(kind) is tuple:
        if not isinstance(value, list) or not value:
            raise key.error("must be a list that is not empty")
        return tuple(_value(v, get_args(kind)[0], key.child(i)) for i, v in enumerate(value))
    if is_dataclass(kind):
        return _table(value, kind, key)  # type: ignore[arg-type]
    if kind is Path:
        return _path(value, key)
    if issubclass(kind, Enum):
        choices = [member.value for member in kind]
        if value not in choices:
            raise key.error(f"must be one of {', '.join(choices)}, got {value!r}")
        return kind(value)
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise key.error(f"must be {_TYPE_NAMES[kind]}, got {value!r}")
    return value


def _choice(value: Any, kinds: tuple[Any, ...], key: _Key) -> Any:  # noqa: ANN401 - as above
    """Read one of several types: an optional value, or a path or rows of data."""
    if NoneType in kinds and value == NONE:
        return None
    is_list = isinstance(value, list)
    fitting = [k for k in kinds if k is not NoneType and (get_origin(k) is tuple) == is_list]
    return _value(value, fitting[0] if fitting else kinds[0], key)


def _path(value: Any, key: _Key) -> Path:  # noqa: ANN401 - as above
    if not isinstance(value, str):
        raise key.error(f"must be a path as text, got {value!r}")
    path = Path(value).expanduser()
    if key.name not in _MADE_BY_RUN and not path.exists():
        raise key.error(f"names {path}, which does not exist")
    return path
