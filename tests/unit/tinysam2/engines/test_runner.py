"""Stages by OpenVINO give the masks of torch; whatever fails, torch does the work."""

import json
import logging
import subprocess
import sys
import threading
import time
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

import numpy as np
import pytest
import torch

from tests.unit.tinysam2.toys import noise_frames, toy_model
from tinysam2.build import Model, load_model, run_by
from tinysam2.devices import processor_threads
from tinysam2.engines import openvino_graph, runner
from tinysam2.engines.graph_pool import KEPT_PER_LENT
from tinysam2.engines.measurement import StageTimes, Way
from tinysam2.engines.runner import Engine, EngineRunner, choose_engine
from tinysam2.inference.frame_predictor import FramePredictor
from tinysam2.inference.results import TrackStep
from tinysam2.inference.video_tracker import VideoTracker
from tinysam2.model import mask_completion, matcher
from tinysam2.model.fake_quantization import (
    LayerScales,
    apply_layer,
    fake_quantized,
    quantizable_layers,
    replaced_layers,
    scales_of_stage,
    weight_of,
)
from tinysam2.model.stages import NetworkStage, Tensors
from tinysam2.worker_threads import THREAD_NAME, WorkerThreads, split_threads

pytestmark = pytest.mark.skipif(not openvino_graph.is_installed(), reason="needs OpenVINO")
TRACKED = (
    NetworkStage.ATTEND_IMAGE,
    NetworkStage.CONDITION,
    NetworkStage.DECODE,
    NetworkStage.ENCODE_IMAGE,
    NetworkStage.ENCODE_MEMORY,
    NetworkStage.MATCH,
)


def track(model: Model, frames: int = 6) -> list[TrackStep]:
    """Track two objects."""
    tracker = VideoTracker(model, noise_frames(frames))
    tracker.add_box(0, 0, (10, 8, 35, 40))
    tracker.add_box(1, 0, (30, 8, 55, 40))
    return list(tracker.propagate())


def by_openvino(folder: Path, engine: Engine = Engine.OPENVINO) -> tuple[Model, EngineRunner]:
    model = toy_model()
    model.network.run = found = EngineRunner(model.network, engine, folder=folder)
    return model, found


def openvino_stages(runner: EngineRunner) -> tuple[NetworkStage, ...]:
    return tuple(stage for stage, way in runner.ways().items() if way is Way.OPENVINO)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engines")


def assert_same_masks(found: list[TrackStep], expected: list[TrackStep]) -> None:
    for ours, theirs in zip(expected, found, strict=True):
        error = np.abs(ours.mask_logits - theirs.mask_logits).max()
        assert error <= 1e-2 * ours.mask_logits.std()
        for index, event in ours.memory_events.items():
            assert event.bank == theirs.memory_events[index].bank


def test_six_frames_of_two_objects_have_the_masks_of_torch(folder: Path) -> None:
    model, found = by_openvino(folder)
    assert_same_masks(track(model), track(toy_model()))
    assert openvino_stages(found) == TRACKED


def test_memory_of_mask_patches_is_that_of_torch(tmp_path: Path) -> None:
    model = toy_model(mask_patches=True)
    network = model.network
    features = FramePredictor(model).features(0, noise_frames(1)[0])
    height, width = features.size_hw
    masks = torch.randn(2, 16 * height, 16 * width), torch.tensor([4.0, -4.0])
    is_hard = torch.tensor([True, False])
    with torch.inference_mode():
        expected = network.encode_memory(features, *masks, is_hard)
        network.run = found = EngineRunner(network, Engine.OPENVINO, folder=tmp_path)
        memory = network.encode_memory(features, *masks, is_hard)
    assert (memory - expected).abs().max() <= 1e-2 * expected.std()
    assert openvino_stages(found) == (NetworkStage.ENCODE_MEMORY,)


def test_masks_that_sams_decoder_completes_are_those_of_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_completion, "ALWAYS", mask_completion.Demands(-1e9, -1.0))
    monkeypatch.setattr(mask_completion, "MOST_GROWTH", 1e9)
    by_torch, by_engine = completing_model(), completing_model()
    plain = replace(by_torch, network=toy_model(sam_decoder=True).network)
    found = EngineRunner(by_engine.network, Engine.OPENVINO, folder=tmp_path)
    by_engine.network.run = found
    expected = track(by_torch)
    assert_same_masks(track(by_engine), expected)
    assert {*TRACKED, NetworkStage.REDRAW} <= {*found.runs_by_openvino()}
    with pytest.raises(AssertionError):
        assert_same_masks(track(plain), expected)


def completing_model() -> Model:
    """Make a model whose SAM's decoder adds to what memory finds."""
    model = toy_model(sam_decoder=True)
    config = replace(model.network.config, refines_tracked=True)
    model.network.config = config
    return model


def test_any_number_of_objects_has_the_masks_of_each_alone(folder: Path) -> None:
    model, found = by_openvino(folder)
    boxes = [(4 * i, 8, 4 * i + 20, 40) for i in range(7)]
    at_once, alone = VideoTracker(model, noise_frames(3)), []
    for index, box in enumerate(boxes):
        at_once.add_box(index, 0, box)
        single = VideoTracker(toy_model(), noise_frames(3))
        single.add_box(index, 0, box)
        alone.append([step.mask_logits[0] for step in single.propagate()])
    for frame, step in enumerate(at_once.propagate()):
        expected = np.stack([masks[frame] for masks in alone])
        assert np.abs(step.mask_logits - expected).max() <= 1e-2 * expected.std()
    assert found.runs_by_openvino() == TRACKED


def test_objects_are_tracked_at_the_same_time_where_there_are_threads(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = track(toy_model())
    ran_by: set[tuple[int, str]] = set()
    run = openvino_graph.OpenVinoGraph.run

    def run_and_note(self: openvino_graph.OpenVinoGraph, inputs: Tensors) -> Tensors:
        ran_by.add((len(inputs), threading.current_thread().name))
        return run(self, inputs)

    monkeypatch.setattr(openvino_graph.OpenVinoGraph, "run", run_and_note)
    model, found = by_openvino(folder)
    with processor_threads(2):
        assert_same_masks(track(model), expected)
    assert found.runs_by_openvino() == TRACKED
    conditioned_by = {thread for inputs, thread in ran_by if inputs == 12}
    assert len(conditioned_by) > 1
    assert all(thread.startswith(THREAD_NAME) for thread in conditioned_by)


def test_a_run_with_one_thread_is_the_work_of_the_thread_that_asks(tmp_path: Path) -> None:
    run = EngineRunner(torch.nn.Identity(), Engine.OPENVINO, folder=tmp_path)

    @torch.inference_mode()
    def times_of_runs() -> tuple[float, float]:
        given = [(torch.ones(1, 600, 600),)]
        run(NetworkStage.DECODE, lambda x: (x @ x @ x @ x,), given)  # makes the graph
        of_process, of_thread = time.process_time(), time.thread_time()
        for _ in range(20):
            run(NetworkStage.DECODE, lambda x: (x @ x @ x @ x,), given)
        return time.process_time() - of_process, time.thread_time() - of_thread

    with closing(WorkerThreads()) as workers:
        workers.resize(2, 1)
        of_process, of_thread = workers.submit(times_of_runs).result()
    assert of_thread > 0.8 * of_process
    assert run.runs_by_openvino() == (NetworkStage.DECODE,)


def test_runs_at_the_same_time_keep_their_results_apart(tmp_path: Path) -> None:
    runner_of_all = EngineRunner(torch.nn.Identity(), Engine.OPENVINO, folder=tmp_path)

    @torch.inference_mode()
    def doubled(value: int) -> set[float]:
        given = (torch.full((1, 1000), float(value)),)
        ((found,),) = runner_of_all(NetworkStage.DECODE, lambda x: (x * 2,), [given])
        return set(found.flatten().tolist())

    with closing(WorkerThreads()) as workers:
        workers.resize(*split_threads(objects=4, threads=4))
        runs = [workers.submit(doubled, value) for value in range(200)]
        assert [run.result() for run in runs] == [{2.0 * value} for value in range(200)]
    assert runner_of_all.runs_by_openvino() == (NetworkStage.DECODE,)


def test_graphs_are_compiled_once_for_all_runs(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, _ = by_openvino(folder)
    with processor_threads(1):
        track(model)
        monkeypatch.delattr(runner, "OpenVinoGraph")
        assert_same_masks(track(model), track(toy_model()))


@torch.inference_mode()
def test_graphs_of_sizes_that_are_not_used_any_more_are_freed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive: WeakSet[openvino_graph.OpenVinoGraph] = WeakSet()

    class Graph(openvino_graph.OpenVinoGraph):
        def __init__(self, *args: Any) -> None:  # noqa: ANN401 - those of its base class
            super().__init__(*args)
            alive.add(self)

    monkeypatch.setattr(runner, "OpenVinoGraph", Graph)
    run = EngineRunner(torch.nn.Identity(), Engine.OPENVINO, folder=tmp_path)
    for size in range(1, 2 * KEPT_PER_LENT + 3):
        ((found,),) = run(NetworkStage.DECODE, lambda x: (x * 2,), [(torch.ones(1, size),)])
        assert found.tolist() == [[2.0] * size]
    assert len(alive) == 2 * KEPT_PER_LENT


@torch.inference_mode()
def test_memory_attention_over_a_full_bank_is_left_to_torch(tmp_path: Path) -> None:
    image = torch.zeros(1, 2, 4, 4)
    for count, stages in (
        (runner.MOST_TOKENS, [NetworkStage.CONDITION]),
        (runner.MOST_TOKENS + 1, []),
    ):
        run = EngineRunner(torch.nn.Identity(), Engine.OPENVINO, tmp_path)
        tokens = torch.ones(1, count, 2)
        stage, given = NetworkStage.CONDITION, [(image, tokens)]
        ((total,),) = run(stage, lambda image, read: (read.sum(1),), given)
        assert total.tolist() == [[count, count]]
        assert list(run.runs_by_openvino()) == stages


def test_a_graph_is_exported_once_and_again_only_if_it_is_damaged(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track(by_openvino(folder)[0], frames=2)
    exported: list[object] = []
    convert = openvino_graph._convert

    def convert_and_count(*given: object) -> object:
        exported.append(given)
        return convert(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(openvino_graph, "_convert", convert_and_count)
    track(by_openvino(folder)[0], frames=2)
    assert not exported
    largest = max(folder.glob("graphs/*/graph.bin"), key=lambda path: path.stat().st_size)
    largest.write_bytes(largest.read_bytes()[:-100])
    model, found = by_openvino(folder)
    track(model, frames=2)
    assert len(exported) == 1
    assert openvino_stages(found) == TRACKED


def test_graphs_of_an_earlier_version_of_the_program_are_exported_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    track(by_openvino(folder)[0], frames=2)
    monkeypatch.setattr(matcher, "LOGIT_SCALE", 1.0)
    model, found = by_openvino(folder)
    assert_same_masks(track(model), track(toy_model()))
    assert openvino_stages(found) == TRACKED
    monkeypatch.undo()
    track(by_openvino(folder)[0], frames=2)


def test_a_stage_that_fails_or_differs_is_run_by_torch_and_logged_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    run = openvino_graph.OpenVinoGraph.run

    def spoiled(self: openvino_graph.OpenVinoGraph, inputs: Tensors) -> Tensors:
        if len(inputs) == 12:
            raise RuntimeError("no such instruction")
        found = run(self, inputs)
        is_image = inputs[0].shape[1] == 3
        return tuple(each * 1.1 for each in found) if is_image else found

    monkeypatch.setattr(openvino_graph.OpenVinoGraph, "run", spoiled)
    model, found = by_openvino(folder)
    with caplog.at_level(logging.WARNING):
        assert_same_masks(track(model), track(toy_model()))
    spoiled_stages = (NetworkStage.CONDITION, NetworkStage.ENCODE_IMAGE)
    assert openvino_stages(found) == tuple(each for each in TRACKED if each not in spoiled_stages)
    assert len(caplog.messages) == 2
    assert any("no such instruction" in line for line in caplog.messages)


def test_the_faster_engine_of_each_stage_is_measured_once_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[StageTimes] = []

    def times(*_: object) -> StageTimes:
        measured.append({Way.TORCH: 1.0, Way.OPENVINO: 0.5 if len(measured) % 2 else 2.0})
        return measured[-1]

    monkeypatch.setattr(runner, "measure", times)
    first, found = by_openvino(tmp_path, Engine.AUTO)
    track(first, frames=2)
    assert len(measured) == len(TRACKED)
    assert 0 < len(openvino_stages(found)) < len(TRACKED)
    second, again = by_openvino(tmp_path, Engine.AUTO)
    track(second, frames=2)
    assert len(measured) == len(TRACKED)
    assert again.ways() == found.ways()
    (tmp_path / "measurements.json").write_text("{", "utf-8")
    track(by_openvino(tmp_path, Engine.AUTO)[0], frames=2)
    assert len(measured) == 2 * len(TRACKED)
    assert json.loads((tmp_path / "measurements.json").read_text("utf-8"))


def test_measurements_stay_with_the_graphs_where_the_home_folder_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "measure", lambda *_: {Way.TORCH: 1.0, Way.OPENVINO: 0.5})
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "first"))
    model = toy_model()
    model.network.run = EngineRunner(model.network, Engine.AUTO)
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "second"))
    track(model, frames=2)
    assert {path.name for path in (tmp_path / "first" / "engines").iterdir()} == {
        "graphs",
        "measurements.json",
    }
    assert not (tmp_path / "second").exists()


def test_tracking_reads_no_measurements_once_the_engines_are_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "measure", lambda *_: {Way.TORCH: 1.0, Way.OPENVINO: 0.5})
    model, found = by_openvino(tmp_path, Engine.AUTO)
    track(model)
    assert openvino_stages(found) == TRACKED
    monkeypatch.delattr(runner, "Measurements")
    track(model)
    assert openvino_stages(found) == TRACKED


def test_gradients_flow_through_a_network_with_an_engine(folder: Path) -> None:
    model, _ = by_openvino(folder)
    image = torch.zeros(1, 3, 128, 128, requires_grad=True)
    model.network.encode_image(image).s16.sum().backward()
    assert image.grad is not None


def test_a_folder_that_cannot_be_written_leaves_the_work_to_torch(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    model, found = by_openvino(blocked)
    assert_same_masks(track(model, frames=2), track(toy_model(), frames=2))
    assert openvino_stages(found) == ()


@pytest.mark.parametrize(
    ("name", "device", "message"),
    [("fast", "cpu", "auto, torch, openvino"), ("openvino", "meta", "runs on the CPU")],
)
def test_an_engine_that_cannot_run_is_refused(name: str, device: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        choose_engine(name, torch.device(device))


def test_without_openvino_torch_runs_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYSAM2_ENGINE")
    assert choose_engine("auto", torch.device("cpu")) is Engine.AUTO
    monkeypatch.setattr(runner, "is_installed", lambda: False)
    assert choose_engine("auto", torch.device("cpu")) is Engine.TORCH
    with pytest.raises(ValueError, match="pip install openvino"):
        choose_engine("openvino", torch.device("cpu"))


def test_torch_runs_models_unless_another_engine_is_asked_for() -> None:
    assert load_model().engine is Engine.TORCH
    assert isinstance(run_by(Engine.AUTO, toy_model()).network.run, EngineRunner)


def test_openvino_reports_nothing_to_anyone() -> None:
    source = (
        "import sys; from tinysam2.engines.openvino_graph import version; version();"
        "assert sys.modules['openvino_telemetry'] is None"
    )
    subprocess.run([sys.executable, "-c", source], check=True, cwd=Path(__file__).parents[4])


INT8_STAGES = (
    NetworkStage.ATTEND_IMAGE,
    NetworkStage.CONDITION,
    NetworkStage.ENCODE_IMAGE,
    NetworkStage.ENCODE_MEMORY,
)


def scaled_model(model: Model | None = None) -> Model:
    """Give a model, a toy without SAM's decoder if None, scales of the ranges of a few frames."""
    model = model or toy_model()
    layers = {
        name: layer
        for name, layer in quantizable_layers(model.network).items()
        if name.startswith(("trunk.stem.", "neck.", "memory_attention.", "memory_encoder."))
    }
    ranges: dict[str, tuple[float, float]] = {}

    def watch(name: str, layer: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
        low, high = ranges.get(name, (0.0, 0.0))
        ranges[name] = min(low, float(x.min())), max(high, float(x.max()))
        return apply_layer(layer, x, weight_of(layer))

    with replaced_layers(model.network, {name: partial(watch, name) for name in layers}):
        track(model, frames=3)
    model.network.scales = {
        name: LayerScales.of(layers[name], *each, torch.ones(())) for name, each in ranges.items()
    }
    return model


def in_int8(folder: Path, engine: Engine, int8: bool | None) -> tuple[Model, EngineRunner]:
    model = scaled_model()
    model.network.run = found = EngineRunner(model.network, engine, int8, folder)
    return model, found


def test_stages_with_scales_run_by_kernels_of_8_bits(folder: Path) -> None:
    model, found = in_int8(folder, Engine.OPENVINO, True)
    by_rounding = scaled_model()
    with fake_quantized(by_rounding.network, by_rounding.network.scales):
        expected = track(by_rounding)
    for ours, theirs in zip(track(model), expected, strict=True):
        error = np.square(ours.mask_logits - theirs.mask_logits).mean() ** 0.5
        assert error <= 0.1 * theirs.mask_logits.std()
    assert tuple(s for s, way in found.ways().items() if way is Way.INT8) == INT8_STAGES
    made = found._graphs.idle()
    assert made
    for ((stage, *_), way, *_), graph in made:
        kernels = [
            node.get_rt_info()["runtimePrecision"].value
            for node in graph.compiled.get_runtime_model().get_ops()
            if node.get_rt_info()["layerType"].value.startswith(
                ("Convolution", "Group", "FullyConn")
            )
        ]
        in_8_bits = [each for each in kernels if each in ("i8", "u8")]
        layers = scales_of_stage(model.network.scales, stage)
        assert len(in_8_bits) >= 0.9 * len(layers) if way is Way.INT8 else not in_8_bits, stage


def test_in_8_bits_too_masks_are_completed_in_floating_point(tmp_path: Path) -> None:
    model = scaled_model(completing_model())
    with fake_quantized(model.network, model.network.scales):
        expected = track(model)
    found = EngineRunner(model.network, Engine.OPENVINO, True, tmp_path)
    model.network.run = found
    for ours, theirs in zip(track(model), expected, strict=True):
        error = np.square(ours.mask_logits - theirs.mask_logits).mean() ** 0.5
        assert error <= 0.1 * theirs.mask_logits.std()
    ways = {stage: Way.INT8 if stage in INT8_STAGES else Way.OPENVINO for stage in TRACKED}
    for_sam = NetworkStage.ENCODE_IMAGE_FOR_SAM, NetworkStage.REDRAW
    assert found.ways() == {**ways, **dict.fromkeys(for_sam, Way.OPENVINO)}


def test_masks_are_remembered_by_patches_in_8_bits(tmp_path: Path) -> None:
    model = scaled_model(toy_model(mask_patches=True))
    assert "memory_encoder.mask_downsampler.patch" in model.network.scales
    with fake_quantized(model.network, model.network.scales):
        expected = track(model)
    model.network.run = found = EngineRunner(model.network, Engine.OPENVINO, True, tmp_path)
    for ours, theirs in zip(track(model), expected, strict=True):
        error = np.square(ours.mask_logits - theirs.mask_logits).mean() ** 0.5
        assert error <= 0.1 * theirs.mask_logits.std()
    assert found.ways()[NetworkStage.ENCODE_MEMORY] is Way.INT8


def test_8_bits_are_chosen_where_they_are_faster(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = {Way.TORCH: 1.0, Way.OPENVINO: 0.5, Way.INT8: 0.3}
    monkeypatch.setattr(runner, "measure", lambda runs: {way: times[way] for way in runs})
    monkeypatch.setattr(runner, "has_int8_products", lambda: True)
    model, found = in_int8(folder, Engine.AUTO, None)
    track(model, frames=2)
    assert found.ways() == {
        stage: Way.INT8 if stage in INT8_STAGES else Way.OPENVINO for stage in TRACKED
    }
    times[Way.INT8] = 0.49
    (folder / "measurements.json").unlink()
    model, found = in_int8(folder, Engine.AUTO, None)
    track(model, frames=2)
    assert openvino_stages(found) == TRACKED


@pytest.mark.parametrize(
    ("engine", "int8", "has_products"),
    [(Engine.OPENVINO, None, True), (Engine.AUTO, False, True), (Engine.AUTO, None, False)],
)
def test_8_bits_are_not_used_unless_they_may_be(
    engine: Engine,
    int8: bool | None,
    has_products: bool,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        runner, "measure", lambda runs: dict(zip(runs, (1, 0.5, 0.1), strict=False))
    )
    monkeypatch.setattr(runner, "has_int8_products", lambda: has_products)
    model, found = in_int8(folder, engine, int8)
    track(model, frames=2)
    assert Way.INT8 not in found.ways().values()


def test_scales_that_spoil_a_stage_leave_it_to_torch(folder: Path) -> None:
    model, found = in_int8(folder, Engine.OPENVINO, True)
    model.network.scales = {
        name: replace(each, input_scale=each.input_scale / 50)
        if name.startswith("memory_encoder")
        else each
        for name, each in model.network.scales.items()
    }
    track(model, frames=2)
    assert found.ways()[NetworkStage.ENCODE_MEMORY] is Way.TORCH
    assert found.ways()[NetworkStage.ENCODE_IMAGE] is Way.INT8
