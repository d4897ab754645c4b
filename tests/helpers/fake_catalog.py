"""A model store without files: three models, of which one is missing."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from app.core.errors import ModelError
from app.tracking.model_catalog import (
    AvailableModels,
    FetchStep,
    KnownModelRow,
    ModelCatalog,
    ModelState,
)

OWN_MEMORY = {
    "policy": "quality",
    "max_frames": 7,
    "quality_threshold": 0.5,
    "pool": 2,
    "keeps_details": True,
    "keep_ratio": 0.07,
    "max_pointers": 8,
}
FULL_MEMORY = {**OWN_MEMORY, "policy": "fifo", "pool": 1, "keep_ratio": None, "max_pointers": 16}
APACHE, BUNDLED, MISSING = "Apache-2.0", ModelState.BUNDLED, ModelState.NOT_STORED


class FakeCatalog(ModelCatalog):
    """Remembers what it was asked for.

    Attributes:
        error: what the store fails with, if it does.
        step_s: seconds that each megabyte takes.
    """

    error: ModelError | None = None

    def __init__(self) -> None:
        self.step_s = 0.0
        self.imported: list[tuple[Path, str]] = []
        self.models = {
            row.name: row
            for row in (
                KnownModelRow(
                    "tinysam2", "TinySAM 2", "TinySAM 2", 12_256_827, None, APACHE, BUNDLED,
                    False, 576, 64, None, OWN_MEMORY,
                ),
                KnownModelRow(
                    "edgetam", "EdgeTAM", "EdgeTAM", 13_895_794, 87.7, APACHE, MISSING,
                    True, 1024, 256, 56, FULL_MEMORY,
                ),
                KnownModelRow(
                    "sam2.1-hiera-tiny", "SAM 2.1 Hiera tiny", "SAM 2.1", 38_962_498, 89.1,
                    APACHE, ModelState.STORED, True, 1024, 64, 157, FULL_MEMORY,
                ),
            )
        }  # fmt: skip

    def available(self) -> AvailableModels:
        devices = ("auto", "cpu", "cuda")
        return AvailableModels(tuple(self.models.values()), devices, ("quality", "fifo", "samurai"))

    def import_file(self, path: Path, selected: str) -> str:
        if self.error:
            raise self.error
        self.imported.append((path, selected))
        self._store("edgetam")
        return "edgetam"

    def fetch(self, name: str) -> Iterator[FetchStep]:
        for done in range(1, 57):
            if self.error:
                raise self.error
            time.sleep(self.step_s)
            yield FetchStep(done, 56)
        self._store(name)

    def _store(self, name: str) -> None:
        self.models[name] = replace(self.models[name], state=ModelState.STORED)
