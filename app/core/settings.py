"""What the user chooses about the model, whichever window or command asks for it."""

from dataclasses import dataclass
from pathlib import Path

BUNDLED_MODEL = "tinysam2"

MemoryValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which model to load and where to run it.

    Attributes:
        name: a name that the model's table of known models has.
        checkpoint: file with its weights; None takes the bundled or downloaded ones.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ...
        input_size: side in pixels of what the model sees of a square frame, others are as large;
            None takes the model's own.
        memory: values that differ from the defaults of the memory settings, by name.
    """

    name: str = BUNDLED_MODEL
    checkpoint: Path | None = None
    device: str = "auto"
    input_size: int | None = None
    memory: tuple[tuple[str, MemoryValue], ...] = ()
