"""Translates what layers without Qt say: reasons, names of edits, warnings, errors."""

import re
from functools import cache, lru_cache

from app.core.errors import AppError
from app.ui.translation import translate
from app.ui.translation.known_sentences import KNOWN_SENTENCES

CONTEXT = "Sentences"
_FIELD = re.compile(r"\\{(\w+)\\}")


def error_text(error: AppError) -> str:
    """Return sentence and hint of an error in the language of the window."""
    return f"{translate_sentence(error.sentence)} {translate_sentence(error.hint)}".strip()


def translate_sentence(text: str) -> str:
    """Return a sentence in the language of the window; as it is if the table does not know it.

    Args:
        text: an English text that fits one of `KNOWN_SENTENCES`.
    """
    if not text or translate(CONTEXT, KNOWN_SENTENCES[0]) == KNOWN_SENTENCES[0]:
        return text  # the window is English
    template, values = _fitting(text)
    shown = {name: translate_sentence(value) for name, value in values.items()}
    return translate(CONTEXT, template).format(**shown) if shown else translate(CONTEXT, template)


@lru_cache(maxsize=4096)
def _fitting(text: str) -> tuple[str, dict[str, str]]:
    """Return the known sentence that a text fits and its values; the text itself if none does."""
    if text not in KNOWN_SENTENCES:
        for template, pattern in _patterns():
            if found := pattern.fullmatch(text):
                return template, found.groupdict()
    return text, {}


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """Return what texts must look like, for each known sentence with values in it."""
    return [
        (each, re.compile(_FIELD.sub(r"(?P<\1>.+?)", re.escape(each)), re.DOTALL))
        for each in KNOWN_SENTENCES
        if "{" in each
    ]
