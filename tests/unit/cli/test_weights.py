import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from app.cli import main
from tests.helpers.file_server import FileServer, serving
from tests.helpers.sources import ROOT
from tinysam2 import build
from tinysam2.checkpoints import store
from tinysam2.checkpoints.registry import MODELS

CONTENT = b"weights " * 1000

Outcome = tuple[int | str | None, str, str]
Run = Callable[..., Outcome]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))

    def run_line(*words: str) -> Outcome:
        status: int | str | None = 0
        try:
            status = main(["weights", *words])
        except SystemExit as leaving:  # argparse's own way out
            status = leaving.code
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run_line


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    """Serve EdgeTAM's weights from this machine."""
    monkeypatch.setenv("no_proxy", "*")
    git_blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    with serving(CONTENT) as running:
        near = replace(
            MODELS["edgetam"], address=f"{running.address}/edgetam.pt", git_blob=git_blob
        )
        monkeypatch.setitem(MODELS, "edgetam", near)
        yield running


def line_of(table: str, name: str) -> list[str]:
    (line,) = (line.split() for line in table.splitlines() if line.startswith(f"{name} "))
    return line


def models_of(outcome: Outcome) -> dict[str, dict[str, Any]]:
    return {row["name"]: row for row in json.loads(outcome[1])["models"]}


def test_list_shows_every_known_model(run: Run) -> None:
    status, table, _ = run("list")
    assert status == 0
    assert len(table.splitlines()) == len(MODELS) + 1
    assert line_of(table, "tinysam2")[-2:] == ["yes", "bundled"]
    edgetam = ["edgetam", "EdgeTAM", "13.9", "M", "87.7", "Apache-2.0"]
    assert line_of(table, "edgetam")[:6] == edgetam
    assert table.splitlines()[2].endswith("not stored")
    assert line_of(table, "sam2.1-hiera-small")[5] == "-"


def test_list_tells_models_for_single_images_from_trackers(run: Run) -> None:
    rows = models_of(run("list", "--json"))
    images_only = {name for name, row in rows.items() if not row["is_trackable"]}
    assert images_only == {"tinysam", "mobilesam"}
    assert line_of(run("list")[1], "mobilesam")[-3:] == ["no", "not", "stored"]


def test_get_fetches_and_list_says_so(run: Run, server: FileServer) -> None:
    status, out, err = run("get", "edgetam")
    assert status == 0, err
    path = Path(out.splitlines()[0].removeprefix("edgetam: "))
    assert path.read_bytes() == CONTENT
    assert "fetching edgetam: 1/1 MB" in err
    assert line_of(run("list")[1], "edgetam")[-1] == "stored"
    again = json.loads(run("get", "edgetam", "--json")[1])
    assert (again["model"], again["path"]) == ("edgetam", str(path))
    assert len(server.asked) == 1


def test_get_says_that_a_model_cannot_track(
    run: Run, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert server
    assert json.loads(run("get", "edgetam", "--json")[1])["is_trackable"]
    monkeypatch.setitem(MODELS, "edgetam", replace(MODELS["edgetam"], is_trackable=False))
    assert "edgetam: segments single images" in run("get", "edgetam")[1]


def test_a_failed_get_says_what_to_do(run: Run, server: FileServer) -> None:
    server.breaks_after = 10
    status, _, err = run("get", "edgetam")
    assert status == 1
    assert "broke; fetching again resumes from there" in err
    assert "use `tinysam2 weights import`" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("words", [("get", "sam9"), ("import", "x.pt", "--name", "sam9"), ()])
def test_wrong_usage_is_refused(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words)[0] == 2


def test_import_and_verify(run: Run) -> None:
    status, out, err = run("import", str(build.BUNDLED["tinysam2"]), "--json")
    assert status == 0, err
    assert json.loads(out)["model"] == "tinysam2"
    path = Path(json.loads(out)["path"])
    assert models_of(run("list", "--json"))["tinysam2"]["path"] == str(path)
    assert run("verify") == (0, "tinysam2: as it was stored\n", "")
    path.write_bytes(path.read_bytes()[:-1])
    status, out, err = run("verify")
    assert status == 1
    assert f"tinysam2: the file {path} is damaged" in out
    assert "1 of 1 stored models are damaged: tinysam2." in err
    status, out, _ = run("verify", "--json")
    assert status == 1
    assert "damaged" in json.loads(out)["models"]["tinysam2"]


def test_a_file_that_cannot_be_used_is_named(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    torch.save({"a": torch.ones(3)}, path)
    status, _, err = run("import", str(path))
    assert status == 1
    assert err.startswith(f"tinysam2: The weights in {path} are not those of a known model: choose")


def test_variants_need_a_name(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    variants = [MODELS["efficienttam-s"], MODELS["efficienttam-s-1"]]
    monkeypatch.setattr(store, "identify", lambda _path, _models: variants)
    (tmp_path / "w.pt").touch()
    status, _, err = run("import", str(tmp_path / "w.pt"))
    assert status == 1
    assert "efficienttam-s, efficienttam-s-1. Choose one with --name." in err


def test_the_bundled_weights_have_the_license_of_their_card(run: Run) -> None:
    card = (ROOT / "resources" / "weights" / "README.md").read_text("utf-8")
    own = models_of(run("list", "--json"))["tinysam2"]
    assert f"| license | the weights: {own['license']}," in card
