"""PyInstaller's instructions for torch: the modules that are imported, and torch's own libraries.

The common hook collects every module of torch and with them its compilers and tests.
"""

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_data_files, collect_dynamic_libs

module_collection_mode = "pyz+py"  # torch reads the source of some of its functions

_POLYFILLS = (
    *("_collections", "builtins", "copy", "functools", "fx", "heapq", "itertools", "loader"),
    *("operator", "os", "pytree", "struct", "sys", "tensor", "torch_c_nn", "traceback"),
)
hiddenimports = [f"torch._dynamo.polyfills.{name}" for name in _POLYFILLS]  # imported by name
warn_on_missing_hiddenimports = False  # they differ between versions
datas = collect_data_files("torch", includes=["_dynamo/*.json", "_export/serde/*"])
datas += collect_data_files("torch", includes=["bin/torch_shm_manager"])
binaries = collect_dynamic_libs("torch", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
bindepend_symlink_suppression = ["**/torch/lib/*.so*"]  # torch finds libraries beside its own
