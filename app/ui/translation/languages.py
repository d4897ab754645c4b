"""The languages of the window, and how the selected one is loaded."""

import logging
from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QTranslator

FOLDER = Path(__file__).resolve().parents[3] / "resources" / "i18n"
ENGLISH = "en"
LANGUAGES = {ENGLISH: "English", "zh_CN": "简体中文"}
"""The name of each language in itself, by the code in the names of its files."""

_log = logging.getLogger(__name__)


def best_language(preferred: Iterable[str]) -> str:
    """Return the first language of `LANGUAGES` that a reader of others prefers, else English.

    Args:
        preferred: codes such as ``zh-Hans-CN``, as `QLocale.uiLanguages` has them, best first.
    """
    spoken = {_key(code): code for code in LANGUAGES}
    return next((spoken[key] for each in preferred if (key := _key(each)) in spoken), ENGLISH)


def _key(code: str) -> tuple[QLocale.Language, QLocale.Script]:
    """Return what readers understand each other by: regions differ, scripts must not."""
    locale = QLocale(code)
    return locale.language(), locale.script()


def use_language(application: QCoreApplication, code: str) -> str:
    """Translate what is created from now on; what was created before keeps its language.

    Numbers are written as in the language, too. Where a file of Qt's own texts is missing, those
    remain English.

    Args:
        application: owns the translators; those of an earlier call are removed.
        code: a key of `LANGUAGES`; the best one for the system's languages if it is none.

    Returns:
        The code of the language in use.
    """
    for earlier in application.findChildren(QTranslator):
        application.removeTranslator(earlier)
        earlier.setParent(None)
    if code not in LANGUAGES:
        code = best_language(QLocale.system().uiLanguages())
    QLocale.setDefault(QLocale(code))
    own = FOLDER / f"tinysam2_{code}.qm"
    of_qt = Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)) / f"qtbase_{code}.qm"
    for file in (of_qt, own):  # the one installed last is asked first
        translator = QTranslator(application)
        if translator.load(str(file)):
            application.installTranslator(translator)
        elif code != ENGLISH or file == own:
            _log.warning("no translation in %s", file)
    return code
