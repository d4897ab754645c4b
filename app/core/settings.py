"""Which model to use and where to run it, as chosen in the window or on the command line."""

from dataclasses import dataclass, fields
from pathlib import Path

BUNDLED_MODEL = "tinysam2"

ENGINES = ("auto", "torch", "openvino")
"""What can run a network on the processor; the first takes the fastest, measured once."""

PRECISIONS = ("auto", "float32", "bfloat16", "float16", "int8")
"""What a network can compute in; the first takes the fastest that is sound on the device."""

MemoryValue = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which model to load and where to run it.

    Attributes:
        name: a name in the table of known models.
        checkpoint: file with its weights; None for the bundled or downloaded ones.
        device: ``auto``, ``cpu``, ``cuda``, ``cuda:1``, ``mps``, ...
        input_size: side in pixels of the model's input for a square frame; other frames are
            resized to the same area.  None for the model's default.
        memory: memory settings that differ from the defaults, by name.
        engine: one of `ENGINES`: what runs the network on the processor.
        precision: one of `PRECISIONS`: what the network computes in.
    """

    name: str = BUNDLED_MODEL
    checkpoint: Path | None = None
    device: str = "auto"
    input_size: int | None = None
    memory: tuple[tuple[str, MemoryValue], ...] = ()
    engine: str = "auto"
    precision: str = "auto"

    def options(self) -> tuple[str, ...]:
        """Return the options of a command that uses the same model; the memory has none."""
        names = {"name": "model", "input_size": "size"}
        values = {
            names.get(each.name, each.name): getattr(self, each.name)
            for each in fields(self)
            if each.name != "memory"
        }
        given = [(f"--{name}", str(value)) for name, value in values.items() if value is not None]
        return tuple(word for option in given for word in option)
