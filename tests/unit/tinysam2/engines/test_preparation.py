"""An engine is used only once it is prepared, which is remembered; until then torch runs."""

from pathlib import Path

import pytest

from tests.unit.tinysam2.toys import toy_model
from tinysam2.build import run_by
from tinysam2.engines import openvino_graph
from tinysam2.engines.preparation import EnginePreparation
from tinysam2.engines.runner import Engine, EngineRunner
from tinysam2.model.network import TinySam2
from tinysam2.model.stages import run_by_torch

pytestmark = pytest.mark.skipif(not openvino_graph.is_installed(), reason="needs OpenVINO")
SIZE = (64, 48, 64)


def network(engine: Engine = Engine.AUTO) -> TinySam2:
    return run_by(engine, toy_model()).network


def test_torch_runs_a_deferred_network_until_its_engine_is_prepared(tmp_path: Path) -> None:
    path, net = tmp_path / "prepared.json", network()
    preparation = EnginePreparation(net, "float32", path)
    assert isinstance(net.run, EngineRunner)
    preparation.defer()
    assert not preparation.use_if_prepared(SIZE)
    assert net.run is run_by_torch
    EnginePreparation(network(), "float32", path).remember(SIZE)  # by another process
    assert preparation.use_if_prepared(SIZE)
    assert isinstance(net.run, EngineRunner)


@pytest.mark.parametrize("change", ["size", "variant", "weights"])
def test_what_the_graphs_depend_on_is_prepared_anew(tmp_path: Path, change: str) -> None:
    path = tmp_path / "prepared.json"
    EnginePreparation(network(), "float32", path).remember(SIZE)
    net = network()
    if change == "weights":
        next(net.parameters()).data += 1
    variant = "bfloat16" if change == "variant" else "float32"
    preparation = EnginePreparation(net, variant, path)
    preparation.defer()
    size = (64, 64, 48) if change == "size" else SIZE
    assert not preparation.use_if_prepared(size)


def test_an_engine_that_is_not_deferred_is_used_at_once(tmp_path: Path) -> None:
    net = network()
    preparation = EnginePreparation(net, "float32", tmp_path / "prepared.json")
    assert preparation.use_if_prepared(SIZE)
    assert isinstance(net.run, EngineRunner)


def test_torch_needs_no_preparation(tmp_path: Path) -> None:
    preparation = EnginePreparation(network(Engine.TORCH), "float32", tmp_path / "prepared.json")
    preparation.defer()
    assert preparation.use_if_prepared(SIZE)
    preparation.remember(SIZE)
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_read_or_written_only_costs_time(tmp_path: Path) -> None:
    path = tmp_path / "prepared.json"
    path.write_text("{")
    preparation = EnginePreparation(network(), "float32", path)
    preparation.defer()
    assert not preparation.use_if_prepared(SIZE)
    EnginePreparation(network(), "float32", path / "no folder").remember(SIZE)
