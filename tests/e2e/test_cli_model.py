"""The commands that need a model, with a toy one."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from app.cli import evaluate, main, propose
from app.core.cancel import CancelToken
from app.core.prompts import FramePrompts, PointPrompt
from app.core.settings import ModelSettings
from app.export.naming import counted
from app.media.source import open_source
from app.tracking.backend import ObjectRequest, TrackRequest
from app.tracking.tinysam2_backend import TinySam2Backend
from tests.helpers.synthetic_video import SIZE_HW, numbered_frame, write_numbered_clip
from tests.unit.tinysam2.toys import TOY
from tinysam2.checkpoints.native import save_checkpoint
from tinysam2.config import MemoryPolicy
from tinysam2.evaluation.interactive_vos import CORRECTIONS
from tinysam2.evaluation.prompts import Protocol
from tinysam2.inference.propose import ProposalConfig
from tinysam2.model.network import TinySam2

FRAME_COUNT = 4


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "toy.safetensors"
    save_checkpoint(path, TOY, TinySam2(TOY).state_dict(), {})
    return path


def davis_tree(root: Path) -> Path:
    labels = np.zeros(SIZE_HW, dtype=np.uint8)
    labels[20:40, 30:60] = 1
    for kind in ("JPEGImages", "Annotations"):
        (root / kind / "480p" / "ball").mkdir(parents=True)
    for number in range(FRAME_COUNT):
        frame = Image.fromarray(numbered_frame(number))
        frame.save(root / "JPEGImages" / "480p" / "ball" / f"{number:05}.jpg")
        Image.fromarray(labels).save(root / "Annotations" / "480p" / "ball" / f"{number:05}.png")
    (root / "ImageSets" / "2017").mkdir(parents=True)
    (root / "ImageSets" / "2017" / "val.txt").write_text("ball\n")
    return root


def test_eval_scores_a_data_set(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(davis_tree(tmp_path / "davis"))
    table = tmp_path / "scores.csv"
    model = ["--checkpoint", str(weights), "--device", "cpu", "--memory-policy", "fifo"]
    assert main(["eval", root, "--json", "--csv", str(table), *model]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert set(summary["sequences"]) == {"ball"}
    assert 0 <= summary["overall"]["J&F"] <= 1
    with table.open() as file:
        assert [row["sequence"] for row in csv.DictReader(file)] == ["ball", "overall"]
    assert main(["eval", root, "--frames", "3", *model]) == 0
    assert "all objects" in capsys.readouterr().out


def test_propose_writes_coco(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(numbered_frame(1)).save(tmp_path / "still.png")
    out = tmp_path / "new" / "objects.json"
    model = ["--checkpoint", str(weights), "--device", "cpu", "--size", "64"]
    words = ["propose", str(tmp_path / "still.png"), "--points", "4", *model]
    words += ["--min-iou", "0", "--min-stability", "0", "--background"]
    assert main([*words, "--out", str(out)]) == 0
    shown = capsys.readouterr()
    assert "proposing: 16/16 points" in shown.err
    coco = json.loads(out.read_text())
    (image,) = coco["images"]
    assert (image["file_name"], image["height"], image["width"]) == ("still.png", *SIZE_HW)
    assert coco["categories"] == [{"id": 1, "name": "object"}]
    annotations = coco["annotations"]
    assert shown.out == f"{counted(len(annotations), 'object')}: {out}\n"
    assert [a["id"] for a in annotations] == list(range(1, len(annotations) + 1))
    for annotation in annotations:
        assert (annotation["image_id"], annotation["category_id"]) == (image["id"], 1)
        assert coco_mask.area(annotation["segmentation"]) == annotation["area"] > 0
        assert coco_mask.toBbox(annotation["segmentation"]).tolist() == annotation["bbox"]
        assert 0 <= annotation["predicted_iou"] <= 1
        assert 0 <= annotation["stability_score"] <= 1
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out) == coco


def test_propose_takes_a_frame_of_a_video(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    words = ["propose", str(clip), "--points", "1", "--checkpoint", str(weights), "--size", "64"]
    assert main([*words, "--frame", "2", "--dense", "--min-stability", "1"]) == 0
    shown = capsys.readouterr()
    coco = json.loads(shown.out)
    assert coco["images"][0]["frame_index"] == 2
    assert coco["annotations"] == []
    assert "lower --min-iou or --min-stability" in shown.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--frame", "4"], "--frame 4 is not in clip, which has the frames 0 to 3."),
        (["--frame", "-1"], "--frame -1 is not in clip"),
        (["--points", "0"], "--points must be at least 1, got 0."),
        (["--min-iou", "1.5"], "--min-iou must be from 0 to 1, got 1.5."),
    ],
)
def test_propose_refuses_wrong_numbers(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    assert main(["propose", str(clip), *words]) == 2
    assert sentence in capsys.readouterr().err


def test_a_model_for_single_images_does_not_track(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    prompts = tmp_path / "prompts.json"
    prompt = {"frame": 0, "box": [10, 10, 40, 40]}
    prompts.write_text(json.dumps({"objects": [{"id": 3, "prompts": [prompt]}]}))
    words = ["--prompts", str(prompts), "--out", str(tmp_path / "out"), "--model", "tinysam"]
    assert main(["track", str(clip), *words]) == 1
    shown = capsys.readouterr()
    assert shown.err.splitlines()[-1].endswith("tinysam segments single images and cannot track.")
    assert not (tmp_path / "out").exists()


def test_eval_says_what_is_missing(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = str(davis_tree(tmp_path / "davis"))
    assert main(["eval", root, "--split", "test", "--checkpoint", str(weights)]) == 1
    assert "split 'test'" in capsys.readouterr().err
    (tmp_path / "bad.safetensors").write_bytes(b"\0" * 100)
    assert main(["eval", root, "--checkpoint", str(tmp_path / "bad.safetensors")]) == 1
    assert "damaged" in capsys.readouterr().err


def test_track_runs_the_model(weights: Path, tmp_path: Path) -> None:
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    prompts = tmp_path / "prompts.json"
    prompt = {"frame": 0, "box": [10, 10, 40, 40]}
    prompts.write_text(json.dumps({"objects": [{"id": 3, "prompts": [prompt]}]}))
    report = tmp_path / "memory.json"
    words = ["track", str(clip), "--prompts", str(prompts), "--out", str(tmp_path / "out")]
    words += ["--format", "coco", "--memory-report", str(report), "--checkpoint", str(weights)]
    assert main([*words, "--device", "cpu", "--size", "64"]) == 0
    (tracked,) = json.loads(report.read_text())["objects"]
    assert tracked["id"] == 3
    assert [entry["frame"] for entry in tracked["frames"]] == list(range(FRAME_COUNT))
    assert all(entry["tokens_full_sam2"] == 7 * 4 * 4 for entry in tracked["frames"])


def test_options_are_those_of_the_model() -> None:
    proposals = ProposalConfig()
    assert proposals.min_relative_iou == propose.MIN_RELATIVE_IOU
    assert proposals.min_stability == propose.MIN_STABILITY
    assert set(evaluate.PROTOCOLS) == {protocol.value for protocol in Protocol}
    assert set(evaluate.POLICIES) == {policy.value for policy in MemoryPolicy}


def test_eval_compares_memories(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, table = str(davis_tree(tmp_path / "davis")), tmp_path / "table.csv"
    words = ["eval", root, "--ablate", "--checkpoint", str(weights), "--device", "cpu"]
    words += ["--size", "64", "--frames", "3", "--sequences", "1", "--csv", str(table)]
    assert main([*words, "--json"]) == 0
    shown = capsys.readouterr()
    rows = json.loads(shown.out)["settings"]
    assert "evaluating: 12/12 sequences" in shown.err
    assert rows[0]["setting"] == "full memory"
    assert max(row["tokens_stored_max"] for row in rows) == rows[0]["tokens_stored_max"]
    with table.open() as file:
        assert [row["setting"] for row in csv.DictReader(file)] == [row["setting"] for row in rows]


def test_eval_clicks_on_stills(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, table = tmp_path / "stills", tmp_path / "objects.csv"
    root.mkdir()
    labels = np.zeros(SIZE_HW, dtype=np.uint8)
    labels[20:40, 30:60] = 1
    for number in range(3):
        Image.fromarray(numbered_frame(number)).save(root / f"{number}.jpg")
        Image.fromarray(labels).save(root / f"{number}.png")
    words = ["eval", str(root), "--protocol", "interactive", "--images", "2"]
    words += ["--checkpoint", str(weights), "--device", "cpu", "--size", "64"]
    assert main([*words, "--json", "--csv", str(table)]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["datasets"]["stills"] == summary["overall"]
    assert summary["overall"]["objects"] == 2
    assert 0 <= summary["overall"]["IoU@1"] <= 1
    assert 0 <= summary["overall"]["obeyed"] <= 1
    assert 1 <= summary["overall"]["NoC@85"] <= summary["overall"]["NoC@90"] <= 20
    with table.open() as file:
        assert [row["image"] for row in csv.DictReader(file)] == ["0", "1"]
    assert main(words) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].split()[-2:] == ["obeyed", "obeyed_newest"]
    assert "2 objects" in shown


def test_eval_corrects_tracked_frames(
    weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root, table = davis_tree(tmp_path / "davis"), tmp_path / "objects.csv"
    words = ["eval", str(root), "--protocol", "interactive-vos", "--sequences", "1"]
    words += ["--checkpoint", str(weights), "--device", "cpu", "--size", "64", "--frames", "3"]
    assert main([*words, "--json", "--csv", str(table)]) == 0
    shown = capsys.readouterr()
    summary = json.loads(shown.out)
    assert "evaluating: 1/1 sequences" in shown.err
    figures = {f"{name}@{n}" for n in range(4) for name in ("J&F", "J", "F", "unclicked_J&F")}
    figures |= {f"{name}@{n}" for n in range(1, 4) for name in ("obeyed", "obeyed_newest")}
    assert figures < set(summary["overall"])
    (clicked,) = summary["sequences"]["ball"]["objects"].values()
    assert [click["frame"] for click in clicked["corrections"]] == [1, 1, 1]  # the only scored one
    assert summary["overall"]["unclicked_J&F@3"] is None
    with table.open() as file:
        rows = list(csv.DictReader(file))
    assert [row["sequence"] for row in rows] == ["ball", "overall"]
    assert set(rows[0]) == {"sequence", "object"} | figures
    assert main(words) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["J&F@0", "J&F@1", "J&F@2", "J&F@3"]
    first, last = (next(i for i in lines if i.startswith(f"{n} corr")) for n in "03")
    assert first.split()[-2:] == ["-", "-"]
    assert last.split()[-1] in ("0.0", "100.0")


def test_eval_makes_as_many_corrections_as_it_shows() -> None:
    assert evaluate.CORRECTIONS == CORRECTIONS


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--protocol", "interactive", "--frames", "3"], "--frames has no use"),
        (["--protocol", "interactive", "--memory-policy", "fifo"], "--memory-policy has no use"),
        (["--protocol", "interactive", "--images", "0"], "--images must be at least 1"),
        (["--images", "3"], "--images has no use with --protocol mask"),
        (["--protocol", "interactive-vos", "--ablate"], "--ablate has no use"),
        (["--protocol", "interactive-vos", "--images", "3"], "--images has no use"),
    ],
)
def test_eval_refuses_options_of_other_data(
    words: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", str(tmp_path), *words]) == 2
    assert sentence in capsys.readouterr().err


def test_eval_refuses_to_score_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", str(tmp_path), "--sequences", "0"]) == 2
    assert "--sequences must be at least 1, got 0." in capsys.readouterr().err


def test_prepare_runs_every_stage_and_remembers_it(
    weights: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))
    settings = ModelSettings(checkpoint=weights, device="cpu", engine="openvino")
    clip = write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    backend = TinySam2Backend.load(settings)
    backend.defer_engine()
    with open_source(clip) as source:
        assert not backend.ready_engine(source)
        backend.encode(source, 0)
        assert not (tmp_path / "home").exists(), "torch encoded it"
        assert main(["prepare", str(clip), *settings.options()]) == 0
        text = capsys.readouterr().out
        assert "OpenVINO: attend_image, condition, decode, encode_image, encode_memory" in text
        assert backend.ready_engine(source)
        backend.encode(source, 1)
        assert "OpenVINO + PyTorch" in backend.description.runs_by
        prompts = {0: FramePrompts((PointPrompt(30, 30),))}
        request = TrackRequest((ObjectRequest(1, prompts),), 0, 0, 2)
        list(backend.track(source, request, CancelToken()))
    assert "encode_memory" in backend.description.openvino_stages
