"""Everything about the language of the window: which ones there are, and how texts are translated.

Texts are English in the code and are translated by Qt: ``self.tr("...")`` in a `QObject`, else
``translate("Context", "...")``. Tables of a module mark their texts with `QT_TRANSLATE_NOOP`, and
what displays them translates them in the same context. Values are put in afterwards with
``str.format``; a count is ``%Ln``, which selects the plural form: ``self.tr("...", "", count)`` or
``translate("Context", "...", "", PLURAL, count)``. Sentences of layers without Qt go through
`translate_sentence`.
"""

from PySide6.QtCore import QCoreApplication

PLURAL = None
"""Stands before a count. ``lupdate`` finds plural forms only in calls with the encoding of Qt 4.

The count must be a name and the last argument, without a comma after it: ``lupdate`` leaves out
other calls, and loops forever at an attribute in brackets.
"""


def translate(
    context: str, text: str, comment: str = "", encoding: None = PLURAL, count: int = -1
) -> str:
    """Return a text in the language of the window.

    Args:
        context: under which the text is listed in the translation file.
        text: the English text.
        comment: tells apart equal texts with different translations.
        encoding: `PLURAL` if a count follows.
        count: what ``%Ln`` in the text stands for.
    """
    return QCoreApplication.translate(context, text, comment, count)


def QT_TRANSLATE_NOOP(context: str, text: str) -> str:
    """Return a text, which ``lupdate`` finds by the name of this function.

    That of PySide6 does the same, but is declared to return `object`.
    """
    return text
