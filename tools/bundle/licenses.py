"""The licenses of everything that the bundled program contains."""

import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterable, Sequence
from importlib.metadata import Distribution, distributions
from pathlib import Path

from .contents import DISTRIBUTION, ROOT

FOLDER = "licenses"
LIST = "README.txt"
TEXTS = Path(__file__).parent / "license_texts"

_ALWAYS = ("pyinstaller",)  # the program starts by PyInstaller's loader
_LICENSE_NAMES = ("licen", "copying", "notice", "authors", "copyright")
_HEADER = """\
This program consists of the TinySAM 2 annotator (Apache-2.0, see ../LICENSE) and of the software
listed here. The folders beside this file hold its license texts.

Qt and PySide6 are used under the GNU Lesser General Public License 3 (LGPL-3.0.txt, with
GPL-3.0.txt). Their libraries are separate files in _internal and may be replaced by other builds.

The wheels of PyAV contain FFmpeg with x264 and x265, which are under the GNU General Public License
(GPL-3.0.txt), so this program as a whole may be passed on under the terms of that license only.

Source code: https://github.com/PyAV-Org/pyav-ffmpeg, https://code.qt.io and the home pages below.

"""


def write_licenses(program: Path, sources: Iterable[str]) -> None:
    """Write the list of a program's software, and its license texts, into the program's folder.

    Args:
        program: the folder of the program; its folder `licenses` is replaced.
        sources: absolute paths of the files that the program was collected from.
    """
    folder = program / FOLDER
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(TEXTS, folder)
    shutil.copyfile(ROOT / "LICENSE", program / "LICENSE")
    included, other = _owners(list(sources))
    lines = [_python(folder)]
    for distribution in sorted(included, key=lambda each: each.name.lower()):
        _copy_texts(distribution, folder / distribution.name)
        lines.append(_line(distribution))
    system = sorted({Path(source).name for source in other})
    _copy_debian_texts(system, folder)
    if system:
        lines.append(f"\nLibraries of the system it was built on: {', '.join(system)}")
    (folder / LIST).write_text(_HEADER + "\n".join(lines) + "\n", "utf-8")


def _owners(sources: Sequence[str]) -> tuple[list[Distribution], list[str]]:
    """Return the distributions that files come from, and files of neither these, Python nor us."""
    left = {os.path.normcase(os.path.realpath(source)) for source in sources if source}
    included: list[Distribution] = []
    for distribution in distributions():
        base = os.path.realpath(str(distribution.locate_file("")))
        owned = {
            os.path.normcase(os.path.normpath(os.path.join(base, *file.parts)))
            for file in distribution.files or ()
        }
        is_included = bool(owned & left) or distribution.name.lower() in _ALWAYS
        left -= owned
        if is_included and distribution.name != DISTRIBUTION:
            included.append(distribution)
    ours = [os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]
    ours += [os.path.realpath(each) for each in (ROOT, sys.base_prefix, sys.prefix)]
    known = tuple(os.path.normcase(each) + os.sep for each in ours if each != f"{os.sep}usr")
    return included, [
        each for each in left if not each.startswith(known) and not each.endswith(".zip")
    ]


def _line(distribution: Distribution) -> str:
    """Name a distribution, its license and where it comes from."""
    classified = [
        value.rpartition(" :: ")[2]
        for value in _metadata(distribution, "Classifier")
        if value.startswith("License :: ")
    ]
    expressions = _metadata(distribution, "License-Expression")
    license_names = expressions or classified or _metadata(distribution, "License")[:1]
    name = ", ".join(license_names).strip().partition("\n")[0]
    urls = [url.rpartition(", ")[2] for url in _metadata(distribution, "Project-URL")]
    home = [*_metadata(distribution, "Home-page"), *urls][:1]
    return " ".join((f"{distribution.name} {distribution.version}: {name or 'see folder'}", *home))


def _metadata(distribution: Distribution, field: str) -> list[str]:
    return [str(value) for value in distribution.metadata.get_all(field) or ()]


def _copy_texts(distribution: Distribution, folder: Path) -> None:
    """Copy the files of a distribution that are named as licenses are."""
    for file in distribution.files or ():
        source = Path(str(distribution.locate_file(file)))
        is_text = source.suffix.lower() in ("", ".txt", ".md", ".rst", ".apache", ".bsd")
        if is_text and source.name.lower().startswith(_LICENSE_NAMES) and source.is_file():
            folder.mkdir(exist_ok=True)
            shutil.copyfile(source, folder / "-".join(file.parts[-2:]))


def _copy_debian_texts(libraries: Sequence[str], folder: Path) -> None:
    """Copy the copyright files of the packages that libraries come from, on Debian and Ubuntu."""
    if not libraries or shutil.which("dpkg-query") is None:
        return
    searched = [f"*/{name}" for name in libraries]
    found = subprocess.run(["dpkg-query", "--search", *searched], capture_output=True, text=True)
    for package in {line.partition(":")[0] for line in found.stdout.splitlines()}:
        text = Path("/usr/share/doc") / package / "copyright"
        if text.is_file():
            (folder / package).mkdir(exist_ok=True)
            shutil.copyfile(text, folder / package / text.name)


def _python(folder: Path) -> str:
    """Copy the license of Python, where the installation has it, and return its line."""
    places = (Path(sysconfig.get_path("stdlib")), Path(sys.base_prefix))
    for text in (place / "LICENSE.txt" for place in places):
        if text.is_file():
            (folder / "Python").mkdir()
            shutil.copyfile(text, folder / "Python" / text.name)
            break
    return f"Python {sys.version.split()[0]}: PSF-2.0  https://www.python.org"
