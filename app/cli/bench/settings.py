"""What is measured: a model, where it runs, and how many objects it tracks."""

import argparse
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, NoReturn

from app.cli.options import add_model_options, model_settings
from app.core.errors import ModelError, UsageError
from app.core.settings import ModelSettings
from app.export.naming import counted

if TYPE_CHECKING:
    from app.tracking.tinysam2_backend import TinySam2Backend
    from tinysam2.build import Model
    from tinysam2.config import MemoryConfig


@dataclass(frozen=True, slots=True)
class BenchSettings:
    """One setting to measure.

    Attributes:
        model: which model, where it runs and the size of its input.
        objects: number of objects.
        threads: of torch on the CPU; None for its own choice.
        has_random_weights: whether the network is measured without its weights.
    """

    model: ModelSettings
    objects: int
    threads: int | None
    has_random_weights: bool

    @staticmethod
    def of(arguments: argparse.Namespace) -> "BenchSettings":
        """Check and return the chosen setting.

        Raises:
            UsageError, ModelError: an option cannot be used.
        """
        for name in ("objects", "threads"):
            value = getattr(arguments, name)
            if value is not None and value < 1:
                raise UsageError(f"--{name} must be at least 1, got {value}.")
        return BenchSettings(
            model_settings(arguments),
            arguments.objects,
            arguments.threads,
            arguments.random_weights,
        )


def add_tracking_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that make a setting."""
    add_model_options(parser)
    parser.add_argument(
        "--objects", type=int, default=1, metavar="N", help="objects to track (default: 1)"
    )
    parser.add_argument("--threads", type=int, metavar="N", help="processor threads of torch")
    parser.add_argument(
        "--random-weights",
        action="store_true",
        help="measure a network whose weights are not here; only its masks are meaningless",
    )


class _OptionsParser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UsageError(f"--compare: {message}.", "See `tinysam2 bench --help`.")


def changed(arguments: argparse.Namespace, options: str) -> BenchSettings:
    """Return the setting of the command line with other options, such as ``--size 576``.

    Raises:
        UsageError, ModelError: an option cannot be used.
    """
    parser = _OptionsParser(add_help=False)
    add_tracking_options(parser)
    base = argparse.Namespace(**vars(arguments))
    try:
        words = shlex.split(options)
    except ValueError as error:
        raise UsageError(f"--compare: {options!r} cannot be read: {error}.") from error
    return BenchSettings.of(parser.parse_args(words, base))


def load_backend(settings: BenchSettings) -> "TinySam2Backend":
    """Load the model of a setting.

    Raises:
        ModelError: the model, its weights, the device or a setting cannot be used.
    """
    from app.tracking.tinysam2_backend import TinySam2Backend, load_network

    chosen = settings.model
    load = _random_network if settings.has_random_weights else load_network
    model, memory = load(chosen)
    return TinySam2Backend(model, chosen.name, memory, chosen.input_size)


def _random_network(settings: ModelSettings) -> "tuple[Model, MemoryConfig]":
    """Make a model that tracks, with random weights, in place of `load_network`."""
    from tinysam2.build import random_model, run_by
    from tinysam2.config import check_image_size
    from tinysam2.engines.runner import choose_engine

    try:
        model = random_model(settings.name, settings.device)
        engine = choose_engine(settings.engine, model.device)
        model = run_by(engine, model, settings.precision)
        config = model.network.config
        check_image_size(settings.input_size or config.image_size, config.size_step)
    except ValueError as error:
        raise ModelError(f"The model cannot be used: {error}.") from error
    return model, config.memory


@contextmanager
def torch_threads(count: int | None) -> Iterator[int]:
    """Let the model use a number of processor threads meanwhile; yields how many it uses."""
    from tinysam2.devices import processor_threads

    with processor_threads(count) as used:
        yield used


def describe(
    settings: BenchSettings, backend: "TinySam2Backend", threads: int
) -> dict[str, object]:
    """Return a setting, and what was chosen where it left the choice open, for JSON."""
    return {
        **asdict(backend.description),
        "precision": backend.precision,
        "threads": threads,
        "objects": settings.objects,
        "random_weights": settings.has_random_weights,
    }


def describe_line(described: dict[str, Any]) -> str:
    """Return a described setting as one line for people."""
    threads, objects = (counted(described[f"{noun}s"], noun) for noun in ("thread", "object"))
    return (
        f"{described['name']} at {described['input_size']} px on {described['device']}, "
        f"{described['precision']}, engine {described['engine']}, {threads}, {objects}"
    )
