"""Colors derived from the palette, for widgets with custom painting."""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette

from app.ui.style.memory_marks import Mark, mark_color


def is_dark(palette: QPalette) -> bool:
    """Return whether a palette has light text on a dark background."""
    return palette.window().color().lightness() < palette.windowText().color().lightness()


def blended(first: QColor, second: QColor, fraction: float) -> QColor:
    """Blend two opaque colors; a ``fraction`` of 0 gives the first, 1 the second."""
    return QColor.fromRgbF(
        first.redF() + (second.redF() - first.redF()) * fraction,
        first.greenF() + (second.greenF() - first.greenF()) * fraction,
        first.blueF() + (second.blueF() - first.blueF()) * fraction,
    )


def with_alpha(color: QColor, alpha: int) -> QColor:
    """Return a color with another alpha, from 0 to 255."""
    return QColor(color.red(), color.green(), color.blue(), alpha)


@dataclass(frozen=True, slots=True)
class ChartColors:
    """The colors of the timeline."""

    dark: bool
    background: QColor
    panel: QColor
    text: QColor
    muted: QColor
    grid: QColor
    accent: QColor
    accent_text: QColor
    weak: QColor
    playhead: QColor

    @staticmethod
    def of(palette: QPalette) -> "ChartColors":
        """Derive colors that are readable on a palette."""
        dark = is_dark(palette)
        background, text = palette.base().color(), palette.text().color()
        return ChartColors(
            dark=dark,
            background=background,
            panel=palette.window().color(),
            text=text,
            muted=blended(text, background, 0.35),
            grid=blended(background, text, 0.14),
            accent=palette.highlight().color(),
            accent_text=palette.highlightedText().color(),
            weak=mark_color(Mark.REFUSED, dark),
            playhead=QColor("#ff5c5c" if dark else "#d01c1c"),
        )
