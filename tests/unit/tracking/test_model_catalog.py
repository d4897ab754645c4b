"""The model store as the window sees it."""

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from app.core.errors import ModelError
from app.tracking.model_catalog import AvailableModels, ModelCatalog, ModelState
from tests.helpers.file_server import serving
from tinysam2.build import BUNDLED
from tinysam2.checkpoints import identify, store
from tinysam2.checkpoints.native import load_checkpoint, save_checkpoint
from tinysam2.checkpoints.registry import MODELS, KnownModel
from tinysam2.checkpoints.store import ModelStore

CONTENT = bytes(3_000_000)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("no_proxy", "*")


def states(available: AvailableModels) -> dict[str, ModelState]:
    return {row.name: row.state for row in available.models}


def test_every_known_model_is_listed_with_its_defaults() -> None:
    available = ModelCatalog().available()
    rows = {row.name: row for row in available.models}
    assert list(rows) == [name for name, model in MODELS.items() if model.is_trackable]
    assert "tinysam" not in rows
    assert rows["tinysam2"].state is ModelState.BUNDLED
    assert not rows["tinysam2"].can_fetch
    assert (rows["tinysam2"].input_size, rows["tinysam2"].memory["keep_ratio"]) == (704, 0.07)
    assert rows["edgetam"].state is ModelState.NOT_STORED
    assert (rows["edgetam"].size_step, rows["edgetam"].memory["keep_ratio"]) == (256, None)
    assert rows["edgetam"].memory["policy"] in available.policies
    assert available.devices[:2] == ("auto", "cpu")


def test_importing_changes_the_state(tmp_path: Path) -> None:
    catalog = ModelCatalog()
    assert catalog.import_file(BUNDLED["tinysam2"], "edgetam") == "tinysam2"
    assert states(catalog.available())["tinysam2"] is ModelState.STORED
    (tmp_path / "w.pt").write_bytes(b"no weights")
    with pytest.raises(ModelError, match=r"w\.pt"):
        catalog.import_file(tmp_path / "w.pt", "edgetam")


def test_imported_weights_of_ours_run_at_the_size_that_they_name(tmp_path: Path) -> None:
    config, state, card = load_checkpoint(BUNDLED["tinysam2"])
    save_checkpoint(tmp_path / "w.safetensors", replace(config, image_size=384), state, card)
    catalog = ModelCatalog()
    catalog.import_file(tmp_path / "w.safetensors", "tinysam2")
    row = next(row for row in catalog.available().models if row.name == "tinysam2")
    assert (row.state, row.input_size) == (ModelState.STORED, 384)
    stored = ModelStore().path("tinysam2")
    assert stored
    stored.write_bytes(b"damaged")
    row = next(row for row in catalog.available().models if row.name == "tinysam2")
    assert (row.state, row.input_size) == (ModelState.STORED, 704)


def test_weights_of_several_models_are_those_of_the_selected_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variants = [MODELS["efficienttam-s"], MODELS["efficienttam-s-1"]]
    monkeypatch.setattr(store, "identify", lambda _path, _models: variants)
    torch.save({"a": torch.ones(1)}, tmp_path / "w.pt")
    with pytest.raises(ModelError, match=r"may be those of .* Select the one it is"):
        ModelCatalog().import_file(tmp_path / "w.pt", "tinysam2")
    assert ModelCatalog().import_file(tmp_path / "w.pt", "efficienttam-s-1") == "efficienttam-s-1"


def test_models_for_single_images_are_not_imported_for_tracking(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(_path: Path, models: Iterable[KnownModel] = MODELS.values()) -> list[KnownModel]:
        return [model for model in models if model.name in ("tinysam", "mobilesam")]

    for module in (identify, store):
        monkeypatch.setattr(module, "identify", find)
    (tmp_path / "w.pt").touch()
    with pytest.raises(ModelError, match=r"of TinySAM or MobileSAM, which segments single images"):
        ModelCatalog().import_file(tmp_path / "w.pt", "tinysam2")


def test_the_size_of_the_suggested_download_is_that_of_the_file() -> None:
    (edgetam,) = (m for m in ModelCatalog().available().models if m.name == "edgetam")
    assert edgetam.megabytes == 56


def test_fetching_counts_megabytes(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(CONTENT) as server:
        sha256 = hashlib.sha256(CONTENT).hexdigest()
        near = replace(
            MODELS["edgetam"], address=f"{server.address}/e.pt", sha256=sha256, git_blob=None
        )
        monkeypatch.setitem(MODELS, "edgetam", near)
        steps = list(ModelCatalog().fetch("edgetam"))
    assert [(step.done, step.total) for step in steps] == [(1, 3), (2, 3), (3, 3)]
    assert ModelStore().path("edgetam")


def test_without_network_the_sentence_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    far = replace(MODELS["edgetam"], address="http://127.0.0.1:9/e.pt")
    monkeypatch.setitem(MODELS, "edgetam", far)
    with pytest.raises(ModelError, match=r"cannot be reached .* import it here"):
        list(ModelCatalog().fetch("edgetam"))
