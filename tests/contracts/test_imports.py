import subprocess
import sys
from pathlib import Path

from tests.helpers.sources import ROOT, python_sources

LOADED_WHEN_NEEDED = {"torch", "tinysam2", "PySide6"}
INNOCENT = [  # one module for each package that a contract names
    "tinysam2/checkpoints/native.py",
    "tinysam2/evaluation/metrics.py",
    "tinysam2/inference/results.py",
    "tinysam2/memory/bank.py",
    "tinysam2/quantization/objective.py",
    "tinysam2/training/losses.py",
    "tools/sample_clip/video.py",
]


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    """Check the import contracts of the source tree in ``folder``."""
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=folder, capture_output=True, text=True, check=False
    )


def write_tree(folder: Path, files: dict[str, str]) -> None:
    (folder / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for package in path.relative_to(folder).parents[:-1]:
            (folder / package / "__init__.py").touch()
        path.write_text(text)


def test_import_contracts_are_kept() -> None:
    result = lint_imports(ROOT)
    assert result.returncode == 0, result.stdout + result.stderr


def test_import_contracts_catch_violations(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "app/core/document.py": "import app.media.video\n",
            "app/media/video.py": "def show():\n    import PySide6\n",
            "app/ui/canvas.py": "import torch\nimport PySide6\n",
            "app/tracking/tinysam2_backend.py": "import torch\nimport tinysam2.model.layers.mlp\n",
            "tinysam2/model/layers/mlp.py": "import tinysam2.build\n",
            "tinysam2/build.py": "import app.core.document\n",
        },
    )
    write_tree(tmp_path, dict.fromkeys(INNOCENT, ""))
    report = lint_imports(tmp_path).stdout
    assert "5 broken" in report, report
    assert "app.media.video -> PySide6" in report
    assert "app.ui.canvas -> torch" in report
    assert "app.ui.canvas -> PySide6" not in report
    assert "tinysam2_backend -> torch" not in report


def test_starting_the_program_loads_nothing_heavy() -> None:
    code = f"import sys, main; print(*sorted({LOADED_WHEN_NEEDED!r} & set(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == []


def test_the_window_starts_without_the_plots() -> None:
    code = "import sys, app.ui.window.main_window; sys.exit('pyqtgraph' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_source_folders_hold_the_program() -> None:
    packages = {path.relative_to(ROOT).parts[0] for path in python_sources()}
    assert {"app", "tinysam2", "tests"} <= packages


def test_pyqtgraph_is_imported_by_widgets_alone() -> None:
    """On another thread, the import crashes PySide now and then: both create enums of Qt."""
    users = {
        path.relative_to(ROOT).as_posix()
        for path in python_sources()
        if ROOT / "app" in path.parents and "pyqtgraph" in path.read_text("utf-8")
    }
    assert users == {"app/ui/dialogs/comparison_curves.py"}
