import hashlib
import json
import os
import pickle
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor

from tests.helpers.file_server import FileServer, serving
from tests.unit.tinysam2.toys import TOY, toy_network
from tinysam2.build import BUNDLED, LOADABLE, load_model
from tinysam2.checkpoints.identify import AmbiguousError
from tinysam2.checkpoints.key_maps import EXTERNAL_MODELS, ExternalModel
from tinysam2.checkpoints.native import CheckpointError, save_checkpoint
from tinysam2.checkpoints.registry import MODELS, KnownModel
from tinysam2.checkpoints.sam import SAM_MODELS
from tinysam2.checkpoints.store import ModelStore, NetworkError, StoreError, store_folder
from tinysam2.model.network import TinySam2

CONTENT = bytes(range(256)) * 5000
HALF = torch.tensor(0.5)  # all weights are views of it: files stay small
with torch.device("meta"):
    STATE = {f"toy.{k}": HALF.expand(v.shape) for k, v in TinySam2(TOY).state_dict().items()}
SIZE = sum(value.numel() for value in STATE.values())


class Intruder:
    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("intruder-was-here",)


def known(name: str, address: str | None = None, **values: object) -> KnownModel:
    model = KnownModel(name, name.capitalize(), "Toys", "MIT", SIZE, "toy", address)
    return replace(model, **values)  # type: ignore[arg-type]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[FileServer]:
    monkeypatch.setenv("no_proxy", "*")
    with serving(CONTENT) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path, server: FileServer, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    monkeypatch.setitem(EXTERNAL_MODELS, "toy", ExternalModel(TOY, ((r"^toy\.", ""),)))
    address, sha256 = f"{server.address}/toy.pt", hashlib.sha256(CONTENT).hexdigest()
    git_blob = hashlib.sha1(b"blob %d\0" % len(CONTENT) + CONTENT).hexdigest()
    models = [
        known("toy", address, sha256=sha256),
        known("git", address, git_blob=git_blob, parameters=1),
        known("other", address, sha256="0" * 64, parameters=1),
        known("unsure", address, parameters=1),
        known("lost", f"{server.address}/missing.pt", parameters=1),
        MODELS["tinysam2"],
    ]
    return ModelStore(tmp_path / "store", {model.name: model for model in models})


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    path = tmp_path / "some.pt"
    torch.save({"model": STATE}, path)
    return path


def files(store: ModelStore) -> list[str]:
    return sorted(path.name for path in store.folder.glob("*"))


def test_a_model_is_fetched_once(store: ModelStore, server: FileServer) -> None:
    reported: list[tuple[int, int]] = []
    path = store.get("toy", lambda done, total: reported.append((done, total)))
    assert path.read_bytes() == CONTENT
    assert path == store.path("toy") == store.get("toy")
    assert reported[-1] == (len(CONTENT), len(CONTENT))
    assert len(server.asked) == 1
    assert files(store) == ["toy.json", "toy.pt"]
    (record,) = store.stored()
    assert (record.model, record.byte_size) == ("toy", len(CONTENT))
    assert record.origin == f"{server.address}/toy.pt"


def test_a_fetch_that_is_given_up_keeps_what_is_here(store: ModelStore, server: FileServer) -> None:
    under_way = store.fetch("toy")
    done, total = next(under_way)
    assert 0 < done < total == len(CONTENT)
    under_way.close()
    assert files(store) == ["toy.pt.part"]
    assert store.get("toy").read_bytes() == CONTENT
    assert server.asked[1][1] == f"bytes={done}-"


def test_a_git_hash_is_checked_too(store: ModelStore) -> None:
    assert store.get("git").read_bytes() == CONTENT


def test_fetching_resumes_where_the_connection_broke(store: ModelStore, server: FileServer) -> None:
    server.breaks_after = 700_000
    with pytest.raises(NetworkError, match=r"127\.0\.0\.1 broke; fetching again resumes"):
        store.get("toy")
    assert store.path("toy") is None
    assert files(store) == ["toy.pt.part"]
    server.breaks_after = None
    assert store.get("toy").read_bytes() == CONTENT
    assert [wanted for _, wanted in server.asked] == [None, "bytes=700000-"]
    assert store.verify() == {"toy": ""}


@pytest.mark.parametrize("left_over", [b"other bytes", CONTENT + b"and more"])
def test_fetching_starts_again_where_it_cannot_resume(
    store: ModelStore, server: FileServer, left_over: bytes
) -> None:
    server.is_resumable = len(left_over) > len(CONTENT)
    store.folder.mkdir()
    (store.folder / "toy.pt.part").write_bytes(left_over)
    assert store.get("toy").read_bytes() == CONTENT


@pytest.mark.parametrize("left_over", [b"", b"damaged"])
def test_another_file_than_the_authors_is_not_stored(store: ModelStore, left_over: bytes) -> None:
    name = "toy" if left_over else "other"
    store.folder.mkdir()
    (store.folder / f"{name}.pt.part").write_bytes(left_over)
    with pytest.raises(StoreError, match=r"toy\.pt is not the one that was published"):
        store.get(name)
    assert files(store) == []


def test_a_file_of_unknown_hash_must_hold_weights(store: ModelStore) -> None:
    with pytest.raises(CheckpointError, match="damaged or not in PyTorch's format"):
        store.get("unsure")
    assert files(store) == []


def test_what_cannot_be_fetched_is_reported(store: ModelStore, server: FileServer) -> None:
    with pytest.raises(NetworkError, match=r"/missing\.pt is not to be had \(404 Not Found\)"):
        store.get("lost")
    with pytest.raises(StoreError, match="TinySAM 2 comes with the program"):
        store.get("tinysam2")
    with pytest.raises(StoreError, match="no model 'sam9'; known are toy, git"):
        store.get("sam9")
    server.is_sized = False
    with pytest.raises(NetworkError, match="does not say how long its file is"):
        store.get("toy")


def test_no_network_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with serving(b"") as server:
        address = server.address  # nobody listens there when the block ends
    store = ModelStore(tmp_path, {"toy": known("toy", address)})
    with pytest.raises(NetworkError, match=f"{address} cannot be reached"):
        store.get("toy")


def test_a_proxy_is_used(
    store: ModelStore, server: FileServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("no_proxy")
    monkeypatch.setenv("https_proxy", server.address)
    far = known("toy", "https://models.invalid/toy.pt")
    with pytest.raises(NetworkError, match="cannot be reached"):  # this proxy connects nobody
        ModelStore(store.folder, {"toy": far}).get("toy")
    assert server.asked == [("models.invalid:443", None)]


def test_weights_are_fetched_by_https_only(store: ModelStore, server: FileServer) -> None:
    far = ModelStore(store.folder, {"toy": known("toy", "http://models.invalid/toy.pt")})
    with pytest.raises(NetworkError, match="by https only"):
        far.get("toy")
    server.moved_to = "http://models.invalid/toy.pt"
    with pytest.raises(NetworkError, match=r"models\.invalid/toy\.pt is not fetched"):
        store.get("toy")
    assert files(store) == []


def test_the_official_addresses_are_https() -> None:
    assert all(m.address is None or m.address.startswith("https://") for m in MODELS.values())


def test_a_download_without_end_is_refused(
    store: ModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tinysam2.checkpoints.store.MAX_FILE_BYTES", len(CONTENT) - 1)
    with pytest.raises(NetworkError, match="too many for weights"):
        store.get("toy")
    assert all(path.stat().st_size == 0 for path in store.folder.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    store = ModelStore(tmp_path / "file" / "store", {"toy": known("toy", "http://127.0.0.1")})
    with pytest.raises(StoreError, match=r"The model store .*store cannot be used"):
        store.get("toy")


@pytest.mark.parametrize("is_nested", [True, False])
def test_a_file_is_recognized_and_copied(
    store: ModelStore, tmp_path: Path, is_nested: bool
) -> None:
    path = tmp_path / "mine.pth"
    torch.save({"model": STATE} if is_nested else STATE, path)
    record = store.import_file(path)
    assert (record.model, record.file_name) == ("toy", "toy.pt")
    assert (store.folder / "toy.pt").read_bytes() == path.read_bytes()
    assert path.is_file()
    assert store.verify() == {"toy": ""}


def test_an_import_replaces_what_was_stored(store: ModelStore, tmp_path: Path) -> None:
    store.get("toy")
    save_file({key: value.clone() for key, value in STATE.items()}, tmp_path / "mine.safetensors")
    store.import_file(tmp_path / "mine.safetensors")
    assert files(store) == ["toy.json", "toy.safetensors"]


def test_variants_are_identified_by_file_name_or_by_the_user(
    store: ModelStore, weights: Path
) -> None:
    names = {"toy-1": "http://x/one.pt", "toy-2": "http://x/two.pt"}
    store = ModelStore(store.folder, {name: known(name, at) for name, at in names.items()})
    with pytest.raises(AmbiguousError, match="may be those of toy-1, toy-2"):
        store.import_file(weights)
    assert files(store) == []
    assert store.import_file(weights, "toy-2").model == "toy-2"
    assert store.import_file(weights.rename(weights.with_name("one.pt"))).model == "toy-1"


def test_the_authors_file_is_identified_by_its_hash(store: ModelStore, weights: Path) -> None:
    sha256 = hashlib.sha256(weights.read_bytes()).hexdigest()
    models = {"toy-1": known("toy-1"), "toy-2": known("toy-2", sha256=sha256)}
    assert ModelStore(store.folder, models).import_file(weights).model == "toy-2"


@pytest.mark.parametrize(
    "state",
    [{"something.else": HALF.expand(SIZE)}, {"toy.no_memory": torch.ones(7)}],
)
def test_weights_of_no_known_model_are_refused(
    store: ModelStore, tmp_path: Path, state: dict[str, Tensor]
) -> None:
    torch.save(state, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match="not those of a known model"):
        store.import_file(tmp_path / "w.pt")


def test_an_incomplete_file_does_not_replace_what_is_stored(
    store: ModelStore, weights: Path
) -> None:
    store.import_file(weights)
    before = weights.read_bytes()
    state = {key: value for key, value in STATE.items() if key != "toy.no_memory"}
    torch.save(state | {"toy.extra": HALF}, weights)
    with pytest.raises(CheckpointError, match=r"missing: no_memory; unexpected: extra\. Choose"):
        store.import_file(weights)
    assert (store.folder / "toy.pt").read_bytes() == before
    assert store.verify() == {"toy": ""}


def test_weights_for_another_model_than_named_are_refused(store: ModelStore, weights: Path) -> None:
    message = r"some\.pt is not for tinysam2: it looks like toy\. Choose that model"
    with pytest.raises(CheckpointError, match=message):
        store.import_file(weights, "tinysam2")
    assert files(store) == []


@pytest.mark.parametrize("protocol", [2, pickle.DEFAULT_PROTOCOL])
def test_pickled_code_is_refused_and_does_not_run(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, protocol: int
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("code.pt").write_bytes(pickle.dumps(Intruder(), protocol))
    with pytest.raises(CheckpointError, match=r"code\.pt holds code besides weights"):
        store.import_file(Path("code.pt"))
    assert not Path("intruder-was-here").exists()


def test_a_file_with_code_is_refused_and_does_not_run(
    store: ModelStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"model": STATE, "extra": Intruder()}, "code.pt")
    with pytest.raises(CheckpointError, match=r"code\.pt holds code besides weights"):
        store.import_file(Path("code.pt"))
    assert not Path("intruder-was-here").exists()


@pytest.mark.parametrize("kept", [0, 0.5, 0.99])
@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_a_truncated_file_is_refused(
    store: ModelStore, tmp_path: Path, suffix: str, kept: float
) -> None:
    path = tmp_path / f"short{suffix}"
    (torch.save if suffix == ".pt" else save_file)({"toy.bias": torch.zeros(400)}, path)
    content = path.read_bytes()
    path.write_bytes(content[: int(kept * len(content))])
    with pytest.raises(CheckpointError, match=rf"short\{suffix} is damaged or not in"):
        store.import_file(path)
    assert files(store) == []


@pytest.mark.parametrize("content", [b"<html>no weights</html>", b"\x80\x02a.", b"\x80\x02}q\x00("])
def test_a_file_of_another_kind_is_refused(
    store: ModelStore, tmp_path: Path, content: bytes
) -> None:
    (tmp_path / "w.pt").write_bytes(content)
    with pytest.raises(CheckpointError, match=r"w\.pt is damaged or not in PyTorch's format"):
        store.import_file(tmp_path / "w.pt")


@pytest.mark.parametrize("suffix", [".pt", ".safetensors"])
def test_weights_that_are_no_numbers_are_refused(
    store: ModelStore, tmp_path: Path, suffix: str
) -> None:
    path = tmp_path / f"bad{suffix}"
    state = {"stem.bias": torch.zeros(400), "head.bias": torch.full((400,), torch.nan)}
    (torch.save if suffix == ".pt" else save_file)(state, path)
    with pytest.raises(CheckpointError, match=r"NaN or infinity, first in head\.bias: .*Get it"):
        store.import_file(path)


@pytest.mark.parametrize("content", [[1, 2], {"model": [3]}, {"steps": 4}])
def test_a_file_without_weights_is_refused(
    store: ModelStore, tmp_path: Path, content: object
) -> None:
    torch.save(content, tmp_path / "w.pt")
    with pytest.raises(CheckpointError, match="holds no weights"):
        store.import_file(tmp_path / "w.pt")


def test_a_missing_file_is_named(store: ModelStore, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"no weights file at .*none\.pt"):
        store.import_file(tmp_path / "none.pt")


def test_verify_names_what_is_damaged(store: ModelStore, weights: Path) -> None:
    store.get("git")
    store.import_file(weights)
    (store.folder / "toy.pt").write_bytes(b"x" * len(weights.read_bytes()))
    faults = store.verify()
    assert faults["git"] == ""
    assert "toy.pt is damaged" in faults["toy"]
    (store.folder / "git.pt").unlink()
    (store.folder / "toy.json").write_text("{}")
    faults = store.verify()
    assert "git.pt is missing" in faults["git"]
    assert "toy.json is damaged" in faults["toy"]
    assert store.stored() == []
    assert store.path("toy") is None


def test_a_damaged_file_is_fetched_again(store: ModelStore) -> None:
    store.get("toy").write_bytes(b"damaged")
    assert store.get("toy").read_bytes() == CONTENT


def test_weights_of_ones_own_take_the_place_of_the_bundled_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path))
    path = tmp_path / "trained.safetensors"
    save_checkpoint(path, TOY, toy_network().state_dict(), {})
    assert ModelStore().import_file(path).model == "tinysam2"
    assert load_model("tinysam2", device="cpu").network.config == TOY
    stored = ModelStore().folder / "tinysam2.safetensors"
    stored.write_bytes(stored.read_bytes()[:-2] + b"xx")  # still weights, but not those
    with pytest.raises(CheckpointError, match=r"tinysam2 cannot be used: .* is damaged.* again\."):
        load_model("tinysam2", device="cpu")


def test_own_weights_must_fit_their_network(store: ModelStore, tmp_path: Path) -> None:
    path, state = tmp_path / "w.safetensors", toy_network().state_dict()
    state.pop("no_memory")
    save_checkpoint(path, TOY, state, {})
    with pytest.raises(CheckpointError, match=r"missing: no_memory; unexpected: none"):
        store.import_file(path)


def test_the_store_is_where_the_program_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TINYSAM2_HOME", str(tmp_path))
    assert store_folder() == tmp_path / "models"
    monkeypatch.delenv("TINYSAM2_HOME")
    assert "tinysam2" in store_folder().parts


def test_the_table_of_models_is_sound() -> None:
    assert set(LOADABLE) == {name for name, model in MODELS.items() if model.is_trackable}
    networks = {model.network for model in MODELS.values()}
    assert networks - {None} == {*EXTERNAL_MODELS, *SAM_MODELS}
    for name, model in MODELS.items():
        assert (model.address is None) == (name in BUNDLED)
        assert model.sha256 is None or len(bytes.fromhex(model.sha256)) == 32
        assert model.git_blob is None or len(bytes.fromhex(model.git_blob)) == 20
        assert json.dumps(name).isascii()
    hashes = [model.sha256 for model in MODELS.values() if model.sha256]
    assert len(set(hashes)) == len(hashes)


def test_the_bundled_model_is_as_large_as_the_table_says() -> None:
    weights = load_model(checkpoint=BUNDLED["tinysam2"], device="cpu").network.parameters()
    assert sum(each.numel() for each in weights) == MODELS["tinysam2"].parameters
