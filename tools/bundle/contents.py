"""What the bundled program contains and what is left out: modules, data files, libraries."""

import importlib.util
import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).parents[2]
PROGRAM = "tinysam2"
DISTRIBUTION = "tinysam2-annotator"

ENTRY = ROOT / "main.py"
HOOKS = ROOT / "tools" / "bundle" / "hooks"

PACKAGES = ("app", "tinysam2")
"""Collected whole: some of their modules are imported by name at run time."""

IMPORTED_BY_NAME = ("openvino",)
"""Modules that no import statement names; those that are not installed are left out."""

DATA_FILES = ((ROOT / "resources", "resources"),)
"""Source and place in the program; modules find `resources` relative to their own files."""

VERSIONS_OF = (
    DISTRIBUTION,
    "torch",
    "numpy",
    "av",
    "opencv-python-headless",
    "PySide6-Essentials",
    "openvino",
)
"""Distributions whose metadata is included, for `--version` and the text of *Copy diagnostics*."""

NEVER_USED = (
    "IPython",
    "_pytest",
    "caffe2",
    "hypothesis",
    "matplotlib",
    "mypy",
    "numpy.f2py",
    "openvino.frontend.jax",
    "openvino.frontend.onnx",
    "openvino.frontend.paddle",
    "openvino.frontend.tensorflow",
    "openvino_telemetry",
    "pandas",
    "pkg_resources",
    "py",
    "pytest",
    "pyqtgraph.examples",
    "pyqtgraph.opengl",
    "scipy",
    "setuptools",
    "tensorboard",
    "tkinter",
    "torch.testing._internal.distributed",
    "torch.utils.tensorboard",
    "triton",
)
"""Modules that other packages import if they are installed."""

ONLY_IF_REQUIRED = ("dask", "distributed", "fsspec", "imageio_ffmpeg", "onnxruntime", "openvino")
"""Left out unless the project requires them: other packages import them if they are installed."""

_QT_PLUGINS = (
    "egldeviceintegrations",
    "generic",
    "iconengines",
    "imageformats",
    "platforminputcontexts",
    "platforms",
    "platformthemes",
    "styles",
    "wayland-decoration-client",
    "wayland-graphics-integration-client",
    "wayland-shell-integration",
    "xcbglintegrations",
)
_UNNEEDED = (
    r"torch/(bin|include|share|test)/(?!torch_shm_manager$)",
    r"torch/lib/lib(torchbind_test|jitbackend_test|backend_with_compiler|aoti_custom_ops)\.",
    r"openvino/libs/(cache\.json|\w+\.pc)$",
    r"openvino/libs/(lib)?openvino_(c|gguf|intel_gpu|intel_npu|jax|onnx|paddle|tensorflow)\w*\.",
    r"(.*/)?(tests?|testing/data)/",
    r"PySide6/(Qt/)?(qml|metatypes|typesystems|include)/",
    rf"PySide6/(Qt/)?plugins/(?!({'|'.join(_QT_PLUGINS)})/)",
    r"PySide6/(Qt/)?plugins/.*(virtualkeyboard|qpdf|qgtk3)",
    r"PySide6/(Qt/)?translations/(?!qtbase_)",
    r"(.*/)?(lib)?Qt6?(Qml|Quick|VirtualKeyboard|Pdf|3D|Designer|Help|Sql|Test)\w*(\.|$)",
    r"lib(atk|cairo|datrie|gdk|pango|thai)\w*[-.]",  # of the GTK theme
    r".*\.dist-info/(direct_url\.json|RECORD|INSTALLER|REQUESTED|uv_.*)$",
)
_UNNEEDED_PATTERN = re.compile("|".join(f"(?:{pattern})" for pattern in _UNNEEDED))


def is_needed(destination: str) -> bool:
    """Return whether a collected file stays in the program.

    Args:
        destination: its path in the program, with separators of any system.
    """
    path = PurePosixPath(destination.replace("\\", "/"))
    return _UNNEEDED_PATTERN.match(str(path)) is None


def described_distributions() -> list[str]:
    """Return the installed distributions of `VERSIONS_OF`."""
    return [name for name in VERSIONS_OF if _is_installed(name)]


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True


def named_modules() -> list[str]:
    """Return the installed modules of `IMPORTED_BY_NAME`."""
    return [name for name in IMPORTED_BY_NAME if importlib.util.find_spec(name)]


def excluded_modules() -> list[str]:
    """Return the modules that are never collected, whatever is installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    required = {
        re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("-", "_")
        for requirement in project["dependencies"]
    }
    return [*NEVER_USED, *(name for name in ONLY_IF_REQUIRED if name not in required)]
