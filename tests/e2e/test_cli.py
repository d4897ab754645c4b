import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from app.cli import main
from app.session import Session
from app.tracking import model_catalog
from app.tracking.backend import FrameResult
from tests.helpers.disks import fill, mounted
from tests.helpers.fake_backend import FakeBackend
from tests.helpers.session_driver import SessionDriver
from tests.helpers.sources import ROOT
from tests.helpers.synthetic_video import remux, write_numbered_clip

FRAME_COUNT = 8
ONE_POINT = {"objects": [{"id": 1, "prompts": [{"frame": 2, "points": [[20, 20, 1]]}]}]}

Outcome = tuple[int | str | None, str, str]


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> FakeBackend:
    fake = FakeBackend()
    monkeypatch.setattr(model_catalog, "load_model", lambda _settings: fake)
    return fake


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, backend: FakeBackend) -> Path:
    assert backend
    write_numbered_clip(tmp_path / "clip.mp4", FRAME_COUNT)
    (tmp_path / "prompts.json").write_text(json.dumps(ONE_POINT))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    def run_line(*words: str) -> Outcome:
        status: int | str | None = 0
        try:
            status = main(words)
        except SystemExit as leaving:  # argparse's own way out
            status = leaving.code
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run_line


def track(*words: str) -> tuple[str, ...]:
    return ("track", "clip.mp4", "--prompts", "prompts.json", "--out", "out", *words)


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_track_writes_what_was_asked_for(folder: Path, run: Callable[..., Outcome]) -> None:
    words = track("--format", "davis,coco", "--memory-report", "out/memory.json", "--json")
    status, out, err = run(*words)
    assert status == 0, err
    result = json.loads(out)
    assert result["frames"] == FRAME_COUNT - 2
    assert set(result["exports"]) == {"davis", "coco"}
    labels = list(folder.glob("out/**/00003.png"))
    assert np.asarray(Image.open(labels[0]))[21, 22] == 1
    report = json.loads((folder / "out" / "memory.json").read_text())
    (frames,) = (each["frames"] for each in report["objects"])
    assert [each["frame"] for each in frames] == list(range(2, FRAME_COUNT))
    assert frames[0]["decision"] == "prompted"
    assert {"predicted_iou", "object_presence", "quality", "novelty"} == set(frames[0]["scores"])
    assert "tracking: 6/6 frames" in err


def test_track_reads_a_url_and_resumes_there(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    files = pytest.importorskip("fsspec").filesystem("memory")
    files.pipe_file("/track/far.mp4", (folder / "clip.mp4").read_bytes())
    words = ("track", "memory://track/far.mp4", "--prompts", "prompts.json", "--out", "out")
    backend.fail_at = 5
    assert run(*words)[0] == 1
    assert files_in(folder / "out") == ["far.track.tsam"]
    backend.fail_at = None
    status, _, err = run(*words, "--resume")
    assert status == 0, err
    assert len(list(folder.glob("out/**/*.png"))) == FRAME_COUNT
    assert backend.requests[-1].start == 4
    files.rm("/track", recursive=True)


@pytest.mark.parametrize(
    ("words", "tracked"),
    [
        (["--direction", "backward"], [2, 1, 0]),
        (["--direction", "both"], [2, 3, 4, 5, 6, 7, 1, 0]),
        (["--range", "1:4", "--direction", "both"], [2, 3, 4, 1]),
    ],
)
def test_direction_and_range(
    folder: Path, run: Callable[..., Outcome], words: list[str], tracked: list[int]
) -> None:
    status, _, err = run(*track("--memory-report", "m.json", *words))
    assert status == 0, err
    report = json.loads((folder / "m.json").read_text())
    assert [f["frame"] for f in report["objects"][0]["frames"]] == sorted(tracked)


def test_objects_are_tracked_from_their_own_first_prompt(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    later = {"id": 4, "prompts": [{"frame": 5, "box": [10, 10, 30, 30]}]}
    content = {"objects": [*ONE_POINT["objects"], later]}
    (folder / "prompts.json").write_text(json.dumps(content))
    assert run(*track())[0] == 0
    starts = [(r.start, [o.object_id for o in r.objects]) for r in backend.requests]
    assert starts == [(2, [1]), (5, [4])]


def test_objects_can_be_kept_apart(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    near = {"id": 4, "prompts": [{"frame": 3, "box": [12, 12, 32, 32]}]}
    content = {"objects": [*ONE_POINT["objects"], near]}
    (folder / "prompts.json").write_text(json.dumps(content))
    areas = []
    for out, words in (("free", []), ("apart", ["--no-overlap"])):
        assert run(*track("--format", "coco", *words, "--out", out))[0] == 0
        (path,) = (folder / out).glob("**/*.json")
        rows = json.loads(path.read_text())["annotations"]
        areas.append(sum(row["area"] for row in rows))
    assert [request.is_exclusive for request in backend.requests] == [False] * 2 + [True] * 2
    assert areas[1] < areas[0]


def test_objects_prompted_on_one_frame_are_kept_apart(
    folder: Path, run: Callable[..., Outcome]
) -> None:
    boxes = {1: [10, 10, 40, 40], 2: [20, 10, 60, 50]}
    objects = [{"id": i, "prompts": [{"frame": 0, "box": box}]} for i, box in boxes.items()]
    (folder / "prompts.json").write_text(json.dumps({"objects": objects}))
    overlaps = []
    for out, words in (("free", []), ("apart", ["--no-overlap"])):
        assert run(*track("--format", "sam2", *words, "--out", out))[0] == 0
        first, second = (
            np.asarray(Image.open(next((folder / out).rglob(f"00{i}/00000.png")))) for i in (1, 2)
        )
        overlaps.append(int(((first > 0) & (second > 0)).sum()))
    assert overlaps[0] > 0
    assert overlaps[1] == 0


def test_a_saved_project_is_exported_as_track_does(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    from app.cli.prompts_file import read_prompts
    from app.cli.track import track_objects
    from app.tracking.backend import Direction

    session = Session.open(folder / "clip.mp4", lambda: backend, folder / "a.tsam")
    objects = read_prompts(folder / "prompts.json", FRAME_COUNT, session.size_hw)
    track_objects(session, objects, Direction.FORWARD, range(FRAME_COUNT))
    session.close()
    assert run("export", "a.tsam", "--format", "davis", "--out", "exported")[0] == 0
    assert run(*track())[0] == 0
    exported, tracked = folder / "exported", folder / "out"
    names = [path.relative_to(exported) for path in exported.rglob("*") if path.is_file()]
    assert names
    for name in names:
        assert (exported / name).read_bytes() == (tracked / name).read_bytes()


def change_prompts(**prompt: Any) -> Callable[[Path], None]:  # noqa: ANN401
    def change(folder: Path) -> None:
        entry = {"id": 1, "prompts": [{"frame": 0, "points": [[5, 5, 1]]} | prompt]}
        (folder / "prompts.json").write_text(json.dumps({"objects": [entry]}))

    return change


def text_as_video(folder: Path) -> None:
    (folder / "clip.mp4").write_text("no video")


def folder_in_the_way(folder: Path) -> None:
    (folder / "report.json").mkdir()


def file_in_the_way(folder: Path) -> None:
    (folder / "out").write_text("in the way")


@pytest.mark.parametrize(
    ("break_it", "words", "status", "sentence"),
    [
        (lambda folder: (folder / "clip.mp4").unlink(), (), 1, "clip.mp4 does not exist"),
        (text_as_video, (), 1, "clip.mp4 cannot be opened as a video"),
        (lambda folder: (folder / "prompts.json").unlink(), (), 2, "prompts.json cannot be read"),
        (change_prompts(frame=8), (), 2, "object 1: there is no frame 8"),
        (change_prompts(points=[[500, 5, 1]]), (), 2, "point (500, 5) is outside the frame"),
        (file_in_the_way, (), 1, "out cannot be written"),
        (lambda _: None, ("--range", "5:20"), 2, "--range 5:20 is not in the video"),
        (lambda _: None, ("--range", "5:7"), 2, "Object 1 has no prompt on the frames 5 to 7"),
        (lambda _: None, ("--objects", "7"), 2, "prompts.json has no object 7"),
        (lambda _: None, ("--verified",), 2, "--verified"),
        (lambda _: None, ("--format", "avi"), 2, "no export format 'avi'"),
        (lambda _: None, ("--direction", "up"), 2, "invalid choice: 'up'"),
        (lambda _: None, ("--size", "0"), 2, "must be a whole number greater than 0"),
        (lambda _: None, ("--size", "big"), 2, "must be a whole number greater than 0"),
        (lambda _: None, ("--range", "5:2"), 2, "--range 5:2 ends before it begins"),
        (folder_in_the_way, ("--memory-report", "report.json"), 1, "report.json cannot be written"),
    ],
)
def test_bad_input_is_explained_and_leaves_nothing(
    folder: Path,
    run: Callable[..., Outcome],
    backend: FakeBackend,
    break_it: Callable[[Path], object],
    words: tuple[str, ...],
    status: int,
    sentence: str,
) -> None:
    break_it(folder)
    before = files_in(folder)
    found, out, err = run(*track(*words))
    assert sentence in err
    assert found == status
    assert out == ""
    assert "Traceback" not in err
    assert err.splitlines()[-1].startswith("tinysam2: ")
    assert "usage:" not in err
    assert files_in(folder) == before
    assert not backend.requests


@pytest.mark.parametrize("name", [f"{'x' * 246}.mp4", "clip:1.mp4", "na\udce4chster.mp4"])
def test_names_that_are_long_or_odd_are_tracked(
    folder: Path, run: Callable[..., Outcome], name: str
) -> None:
    (folder / "clip.mp4").rename(folder / name)
    status, _, err = run("track", name, "--prompts", "prompts.json", "--out", "out")
    assert status == 0, err
    assert len(masks_in(folder / "out")) == FRAME_COUNT


def test_a_failure_before_tracking_leaves_nothing(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    backend.fail_at = 2
    before = files_in(folder)
    status, _, err = run(*track("--memory-report", "m.json"))
    assert status == 1
    assert "unexpected RuntimeError" in err
    assert "--debug" in err
    assert "Traceback" not in err
    assert files_in(folder) == before
    status, _, err = run(*track("--debug"))
    assert status == 1
    assert "Traceback" in err


def masks_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*.png")}


@pytest.mark.parametrize("direction", ["forward", "backward", "both"])
@pytest.mark.parametrize("error", [RuntimeError("broken"), KeyboardInterrupt()])
def test_what_was_tracked_is_kept_and_resumed(
    folder: Path,
    run: Callable[..., Outcome],
    backend: FakeBackend,
    direction: str,
    error: BaseException,
) -> None:
    (folder / "prompts.json").write_text(json.dumps(ONE_POINT).replace("2", "4", 1))
    words = ("--direction", direction)
    backend.fail_at, backend.error = (6, error) if direction != "backward" else (2, error)
    status, _, err = run(*track(*words))
    assert status == (130 if isinstance(error, KeyboardInterrupt) else 1)
    assert "clip.track.tsam; --resume continues" in err
    assert files_in(folder / "out") == ["clip.track.tsam"]
    status, _, err = run(*track(*words))
    assert status == 2
    assert "holds what an interrupted run tracked" in err

    backend.fail_at = None
    backend.requests.clear()
    status, _, err = run(*track(*words, "--resume"))
    assert status == 0, err
    assert backend.requests[0].start == (3 if direction == "backward" else 5)
    assert "clip.track.tsam" not in files_in(folder / "out")
    resumed = masks_in(folder / "out")
    assert run("track", "clip.mp4", "--prompts", "prompts.json", "--out", "whole", *words)[0] == 0
    assert resumed.keys() == masks_in(folder / "whole").keys()


def test_a_disk_that_fills_while_tracking_costs_nothing_that_was_tracked(
    folder: Path, run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    with mounted(folder / "disk") as disk:
        words = ("track", "clip.mp4", "--prompts", "prompts.json", "--out", "disk/out")
        fillers = []

        class FillingBackend(FakeBackend):
            def track(self, *words: Any) -> Iterator[FrameResult]:  # noqa: ANN401
                for result in super().track(*words):
                    time.sleep(0.3)  # the storage thread commits meanwhile
                    if result.frame == 5 and not fillers:
                        fillers.append(fill(disk))
                    yield result

        monkeypatch.setattr(model_catalog, "load_model", lambda _settings: FillingBackend())
        status, _, err = run(*words)
        assert status == 1
        assert "disk is full" in err
        assert "--resume continues" in err
        fillers[0].unlink()
        status, _, err = run(*words, "--resume")
        assert status == 0, err
        assert len(masks_in(disk)) == FRAME_COUNT


def test_other_prompts_are_not_mixed_into_a_run_that_is_resumed(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    backend.fail_at = 5
    assert run(*track())[0] == 1
    (folder / "prompts.json").write_text(json.dumps(ONE_POINT).replace("20", "30", 1))
    status, _, err = run(*track("--resume"))
    assert status == 2
    assert "other prompts for object 1" in err
    assert files_in(folder / "out") == ["clip.track.tsam"]


def test_interruption_has_its_own_status(
    folder: Path, run: Callable[..., Outcome], backend: FakeBackend
) -> None:
    backend.fail_at, backend.error = 2, KeyboardInterrupt()
    before = files_in(folder)
    status, _, err = run(*track())
    assert (status, err.splitlines()[-1]) == (130, "tinysam2: interrupted")
    assert files_in(folder) == before


def test_corrupt_weights_are_named(tmp_path: Path) -> None:
    write_numbered_clip(tmp_path / "clip.mp4", 3)
    (tmp_path / "prompts.json").write_text(json.dumps(ONE_POINT))
    (tmp_path / "bad.safetensors").write_bytes(b"\0" * 100)
    words = track("--checkpoint", "bad.safetensors", "--device", "cpu")
    done = subprocess.run(
        [sys.executable, ROOT / "main.py", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert "bad.safetensors is damaged" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "out").exists()


def test_help_names_every_command(run: Callable[..., Outcome]) -> None:
    status, out, _ = run("--help")
    assert status == 0
    for name in ("track", "export", "eval", "demo"):
        assert f"  {name} " in out
        assert run(name, "--help")[0] == 0


def test_a_path_that_is_not_there_opens_no_window(run: Callable[..., Outcome]) -> None:
    status, _, err = run("nothing.mp4")
    assert status == 1
    assert "nothing.mp4 does not exist" in err


def test_a_project_that_is_open_elsewhere_is_exported(
    folder: Path, run: Callable[..., Outcome]
) -> None:
    session = Session.open(folder / "clip.mp4", FakeBackend, folder / "a.tsam")
    driver = SessionDriver(session)
    driver.click_object(2)
    session.flush()
    status, _, err = run("export", "a.tsam", "--out", "exported")
    assert status == 0
    assert "open in another program" in err
    assert masks_in(folder / "exported")
    session.close()


def test_export_wants_a_project(folder: Path, run: Callable[..., Outcome]) -> None:
    assert folder
    status, _, err = run("export", "clip.mp4", "--out", "out")
    assert status == 2
    assert "clip.mp4 is not a project file" in err
    status, _, err = run("export", "none.tsam", "--out", "out")
    assert status == 1
    assert "none.tsam does not exist" in err


def test_masks_are_imported_after_a_dry_run(folder: Path, run: Callable[..., Outcome]) -> None:
    masks = folder / "masks"
    masks.mkdir()
    for frame, side in ((1, 10), (3, 12), (99, 5)):
        image = Image.new("L", (96, 64))
        image.paste(4, (0, 0, side, side))
        image.save(masks / f"{frame:05d}.png")
    names = ("clip.mp4", "masks", "--project", "a.tsam", "--json")
    status, out, err = run("import", *names, "--dry-run")
    assert status == 0, err
    plan = json.loads(out)
    assert (plan["matched_frames"], plan["missed_frames"]) == (2, ["00099"])
    assert not (folder / "a.tsam").exists()
    assert run("import", "clip.mp4", "missing.json", "--project", "a.tsam")[0] == 1
    assert not (folder / "a.tsam").exists()
    assert run("import", *names)[0] == 0
    session = Session.open(folder / "a.tsam")
    try:
        assert [o.object_id for o in session.document.objects] == [4]
        assert session.document.mask(4, 3).mask.area == 144
    finally:
        session.close()
    before = (folder / "a.tsam").read_bytes()
    status, out, err = run(
        "import", "clip.mp4", "masks", "--project", "a.tsam", "--update", "--dry-run"
    )
    assert "object 4, 2 replaced" in out
    assert (folder / "a.tsam").read_bytes() == before
    status, out, err = run("import", "a.tsam", "masks", "--update")
    assert "object 4, 2 replaced" in out
    assert "not in the video: 1 frame (“00099”)" in err
    assert run("import", "a.tsam", "missing.json")[0] == 1


def test_a_dry_run_creates_no_project(
    folder: Path, run: Callable[..., Outcome], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(folder / "home"))
    (folder / "masks").mkdir()
    Image.new("L", (96, 64), 4).save(folder / "masks/00000.png")
    before = {path for path in folder.rglob("*") if "log" not in path.name}
    status, out, err = run("import", "clip.mp4", "masks", "--dry-run")
    assert (status, "(would be created)" in out) == (0, True), err
    after = {path for path in folder.rglob("*") if path.is_file() and "log" not in path.name}
    assert after <= before


def test_an_earlier_export_is_kept_unless_it_is_asked_for(
    folder: Path, run: Callable[..., Outcome]
) -> None:
    order = ("track", "clip.mp4", "--prompts", "prompts.json", "--out", "out", "--no-check")
    assert run(*order)[0] == 0
    before = sorted(path for path in (folder / "out").rglob("*"))
    status, _, err = run(*order)
    assert status == 1
    assert "exist already. --overwrite replaces" in err
    assert sorted(path for path in (folder / "out").rglob("*")) == before
    assert run(*order, "--overwrite")[0] == 0
    assert run(*order, "--new-name")[0] == 0
    names = (folder / "out/ImageSets/2017/val.txt").read_text().split()
    assert names == ["clip", "clip-2"]


def test_a_data_set_is_checked(folder: Path, run: Callable[..., Outcome]) -> None:
    order = ("track", "clip.mp4", "--prompts", "prompts.json", "--out", "out", "--no-check")
    assert run(*order, "--images", "--official-ids", "--range", "2:6")[0] == 0
    assert run("check", "out") == (0, "davis: 0 errors, 0 notes\n", "")
    image = next((folder / "out/Annotations/480p/clip").iterdir())
    image.unlink()
    status, out, _ = run("check", "out")
    assert status == 1
    assert f"{image.name}: it is missing" in out
    findings = json.loads(run("check", "out", "--json")[1])["findings"]
    assert [each["is_error"] for each in findings] == [True]
    assert run("check", "prompts.json")[0] == 1
    assert run("check", "clip.mp4")[0] == 2


def test_track_does_not_touch_a_project(folder: Path, run: Callable[..., Outcome]) -> None:
    Session.open(folder / "clip.mp4", None, folder / "a.tsam").close()
    status, _, err = run("track", "a.tsam", "--prompts", "prompts.json", "--out", "out")
    assert status == 2
    assert "a.tsam is a project" in err


def test_a_cut_video_is_tracked_by_what_can_be_decoded(
    folder: Path, run: Callable[..., Outcome]
) -> None:
    long = write_numbered_clip(folder / "long.mp4", 60)
    whole = remux(long, folder / "whole.mp4", after=["-movflags", "+faststart"])
    content = whole.read_bytes()
    (folder / "clip.mp4").write_bytes(content[: len(content) * 7 // 10])
    status, out, err = run(*track("--json"))
    assert status == 0
    assert "Frames are numbered by what can be decoded" in err
    assert 0 < json.loads(out)["frames"] < 58


def test_eval_wants_a_data_set(run: Callable[..., Outcome], tmp_path: Path) -> None:
    status, _, err = run("eval", str(tmp_path / "none"))
    assert status == 2
    assert "There is no folder" in err


@pytest.mark.slow
def test_demo_writes_every_kind_of_result(folder: Path, run: Callable[..., Outcome]) -> None:
    status, out, err = run("demo", "--no-window", "--out", "demo")
    assert status == 0, err
    for name in ("sample.coco.json", "sample.memory.json", "sample.overlay.mp4", "Annotations"):
        assert (folder / "demo" / name).exists()
        assert name in out
    assert (folder / "demo" / "sample.tsam").exists()
    assert "fox: J " in out
    assert "ball: J " in out
