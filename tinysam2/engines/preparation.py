"""Lets torch run a network until its engine is prepared, which is remembered on this computer."""

import hashlib
import json
from contextlib import suppress
from functools import cached_property
from pathlib import Path

import torch

from tinysam2.atomic_write import atomic_write
from tinysam2.engines import openvino_graph
from tinysam2.engines.graph_cache import KEPT_SIZES, engine_folder
from tinysam2.engines.runner import EngineRunner, digest_of
from tinysam2.model.network import TinySam2
from tinysam2.model.stages import STAGES_VERSION, run_by_torch


class EnginePreparation:
    """Chooses between torch and the engine of a network by whether the engine is prepared.

    It is prepared when its graphs were exported and measured, which takes from seconds to a minute
    per stage the first time.  Lives on the thread of the network.

    Args:
        network: whose stages an `EngineRunner` or torch runs.
        variant: what else the exported stages depend on, such as the precision.
        path: the file that remembers it; in `engine_folder` if None.  An unreadable one counts as
            empty.
    """

    def __init__(self, network: TinySam2, variant: str, path: Path | None = None) -> None:
        self._network, self._variant = network, variant
        self._path = path or engine_folder() / "prepared.json"
        self._runner = network.run
        self._is_deferred = False
        self._prepared_size: tuple[int, ...] | None = None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that OpenVINO runs."""
        runner = self._network.run
        if not isinstance(runner, EngineRunner):
            return ()
        return tuple(each.value for each in runner.runs_by_openvino())

    def defer(self) -> None:
        """Let torch run the network until `use_if_prepared` finds the engine prepared."""
        self._is_deferred = isinstance(self._runner, EngineRunner)
        self._use_engine(not self._is_deferred)

    def use_if_prepared(self, size: tuple[int, ...]) -> bool:
        """Use the engine of a deferred network if it is prepared; return whether it is used.

        Args:
            size: everything about images and input that the shapes of the stages depend on.
        """
        if self._is_deferred and self._prepared_size != size:
            is_prepared = self._key(size) in self._read()
            self._prepared_size = size if is_prepared else None
            self._use_engine(is_prepared)
        return self._network.run is self._runner

    def remember(self, size: tuple[int, ...]) -> None:
        """Remember that the engine is prepared; if that cannot be stored, it is prepared again."""
        if not isinstance(self._runner, EngineRunner):
            return
        key = self._key(size)
        keys = [*(each for each in self._read() if each != key), key][-KEPT_SIZES:]
        with suppress(OSError):
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with atomic_write(self._path) as draft:
                draft.write_text(json.dumps(keys), "utf-8")

    def _use_engine(self, is_on: bool) -> None:
        self._network.run = self._runner if is_on else run_by_torch

    def _read(self) -> list[str]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return []
        return [str(each) for each in found] if isinstance(found, list) else []

    def _key(self, size: tuple[int, ...]) -> str:
        """Hash everything that the exported stages and their speed depend on."""
        versions = torch.__version__, openvino_graph.version(), STAGES_VERSION
        parts = self._digest, self._variant, versions, size, torch.get_num_threads()
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    @cached_property
    def _digest(self) -> str:
        return digest_of(self._network)
