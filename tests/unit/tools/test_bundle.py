"""The instructions for the bundled program fit this repository, without building it."""

import importlib.util
import os
import re
import runpy
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tools.bundle import contents
from tools.bundle.archive import pack
from tools.bundle.licenses import write_licenses

SPEC = contents.ROOT / "tools" / "bundle" / "tinysam2.spec"


def test_what_the_instructions_name_exists() -> None:
    assert contents.ENTRY.is_file()
    for hook in contents.HOOKS.glob("*.py"):
        assert hook.stem.removeprefix("hook-") in ("torch", *contents.IMPORTED_BY_NAME)
        compile(hook.read_text("utf-8"), str(hook), "exec")
    for source, _ in contents.DATA_FILES:
        assert source.is_dir()
    for package in contents.PACKAGES:
        assert importlib.util.find_spec(package) is not None
    compile(SPEC.read_text("utf-8"), str(SPEC), "exec")


def test_modules_of_the_program_find_their_data_files_where_the_bundle_has_them() -> None:
    places = {place for _, place in contents.DATA_FILES}
    for package in contents.PACKAGES:
        for path in (contents.ROOT / package).rglob("*.py"):
            levels = len(path.relative_to(contents.ROOT).parts) - 1
            found = re.findall(r"__file__\).*?parents\[(\d)\] / \"(\w+)\"", path.read_text("utf-8"))
            for level, place in found:
                assert (int(level), place in places) == (levels, True), path


def test_everything_the_program_imports_may_be_in_the_bundle() -> None:
    """The window, the model and all commands start although the excluded modules are missing."""
    code = (
        "import sys\n"
        "for name in sys.argv[1:]: sys.modules[name] = None\n"
        "import tinysam2.training.recipe, tinysam2.training.labeling.run, tinysam2.evaluation\n"
        "import app.ui.application, app.ui.dialogs.comparison_window\n"
        "import app.tracking.tinysam2_backend\n"
        "from tinysam2.engines import openvino_graph\n"
        "if openvino_graph.is_installed(): openvino_graph.version()\n"
        "from app.cli.program import main\n"
        "raise SystemExit(main(['weights', 'list']))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *contents.excluded_modules()],
        cwd=contents.ROOT,
        env=os.environ | {"QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


def test_modules_that_the_project_requires_are_not_excluded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "torch" not in contents.excluded_modules()
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["openvino>=2026"]\n')
    monkeypatch.setattr(contents, "ROOT", tmp_path)
    assert "openvino" not in contents.excluded_modules()
    assert "onnxruntime" in contents.excluded_modules()


def test_a_process_of_a_pool_starts_before_the_command_line_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    calls: list[str] = []
    monkeypatch.setattr("multiprocessing.freeze_support", lambda: calls.append("process of a pool"))
    monkeypatch.setattr("app.cli.main", lambda: calls.append("command line"))
    with pytest.raises(SystemExit):
        runpy.run_path(str(contents.ENTRY), run_name="__main__")
    assert calls == ["process of a pool", "command line"]


@pytest.mark.parametrize(
    "path",
    [
        "resources/weights/tinysam2.safetensors",
        "resources/sample/sample.mp4",
        "resources/i18n/tinysam2_zh_CN.qm",
        "torch/lib/libtorch_cpu.so",
        "torch/bin/torch_shm_manager",
        "openvino/libs/libopenvino.so.2641",
        "openvino/libs/libopenvino_intel_cpu_plugin.so",
        "openvino/libs/openvino_pytorch_frontend.dll",
        "PySide6/Qt/plugins/platforms/libqxcb.so",
        "PySide6\\plugins\\platforms\\qwindows.dll",
        "PySide6/Qt/translations/qtbase_zh_CN.qm",
        "libQt6Svg.so.6",
        "tinysam2_annotator-0.1.0.dist-info/METADATA",
    ],
)
def test_needed_files_stay(path: str) -> None:
    assert contents.is_needed(path)


@pytest.mark.parametrize(
    "path",
    [
        "torch/bin/protoc",
        "openvino/libs/libopenvino_intel_gpu_plugin.so",
        "openvino/libs/openvino_tensorflow_lite_frontend.dll",
        "torch/test/cpp",
        "torch/lib/libtorchbind_test.so",
        "numpy/tests/data.npy",
        "PySide6/Qt/lib/libQt6Quick.so.6",
        "PySide6\\Qt6Pdf.dll",
        "PySide6/Qt/plugins/sqldrivers/libqsqlite.so",
        "PySide6/Qt/plugins/platforminputcontexts/libqtvirtualkeyboardplugin.so",
        "PySide6/Qt/translations/qtwebengine_de.qm",
        "tinysam2_annotator-0.1.0.dist-info/direct_url.json",
    ],
)
def test_unneeded_files_are_left_out(path: str) -> None:
    assert not contents.is_needed(path)


def test_licenses_of_what_is_included_are_listed_and_copied(tmp_path: Path) -> None:
    import numpy

    write_licenses(tmp_path, [numpy.__file__, "/nowhere/lib/libxcb.so.1", __file__])
    listed = (tmp_path / "licenses" / "README.txt").read_text("utf-8")
    assert re.search(r"^numpy \S+: .*BSD", listed, re.MULTILINE)
    assert "libxcb.so.1" in listed
    assert "torch" not in listed.lower()
    assert Path(__file__).name not in listed
    assert list((tmp_path / "licenses" / "numpy").iterdir())
    assert "LESSER" in (tmp_path / "licenses" / "LGPL-3.0.txt").read_text("utf-8")
    assert (tmp_path / "LICENSE").is_file()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such modes and links")
def test_the_archive_keeps_what_makes_the_program_start(tmp_path: Path) -> None:
    program = tmp_path / "tinysam2"
    (program / "_internal").mkdir(parents=True)
    (program / "tinysam2").write_text("run")
    (program / "tinysam2").chmod(0o755)
    (program / "_internal" / "real.so").write_text("library")
    (program / "_internal" / "link.so").symlink_to("real.so")
    pack(program, tmp_path / "tinysam2.zip")
    with zipfile.ZipFile(tmp_path / "tinysam2.zip") as packed:
        modes = {entry.filename: entry.external_attr >> 16 for entry in packed.infolist()}
        assert modes["tinysam2/tinysam2"] & stat.S_IXUSR
        assert stat.S_ISLNK(modes["tinysam2/_internal/link.so"])
        assert packed.read("tinysam2/_internal/link.so") == b"real.so"
