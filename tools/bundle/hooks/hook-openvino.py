"""PyInstaller's instructions for OpenVINO: its libraries, which load each other by name."""

from PyInstaller.utils.hooks import PY_DYLIB_PATTERNS, collect_dynamic_libs

binaries = collect_dynamic_libs("openvino", search_patterns=[*PY_DYLIB_PATTERNS, "*.so.*"])
bindepend_symlink_suppression = ["**/openvino/libs/*.so*"]  # plugins are beside its library
