"""`python -m tools.bundle` builds the program for people without Python, with PyInstaller."""

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path

from .archive import pack
from .contents import PROGRAM, ROOT

SPEC = Path(__file__).parent / f"{PROGRAM}.spec"
SYSTEMS = {"Darwin": "macos"}


def archive_name() -> str:
    """Return the name of the archive for this system, such as ``tinysam2-linux-x86_64.zip``."""
    system = SYSTEMS.get(platform.system(), platform.system().lower())
    return f"{PROGRAM}-{system}-{platform.machine().lower()}.zip"


def main() -> int:
    """Build the folder of the program and its archive; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.bundle", description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "dist", help="folder of the results")
    parser.add_argument("--work", type=Path, default=ROOT / "build", help="folder of the build")
    arguments = parser.parse_args()
    folders = ["--distpath", str(arguments.out), "--workpath", str(arguments.work)]
    options = ["--noconfirm", "--log-level", "WARN", *folders, str(SPEC)]
    environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}  # packages are imported
    built = subprocess.run([sys.executable, "-m", "PyInstaller", *options], env=environment)
    if built.returncode:
        return built.returncode
    archive = arguments.out / archive_name()
    pack(arguments.out / PROGRAM, archive)
    print(f"{archive} ({archive.stat().st_size / 1e6:.0f} MB)")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
