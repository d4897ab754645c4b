"""Colors that are mixed from the palette, for widgets that paint themselves."""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QPalette

from app.ui.style.memory_marks import Mark, mark_color


def is_dark(palette: QPalette) -> bool:
    """Tell whether a palette draws light text on a dark ground."""
    return palette.window().color().lightness() < palette.windowText().color().lightness()


def mixed(one: QColor, other: QColor, share: float) -> QColor:
    """Blend two opaque colours; ``share`` of 0 gives the first."""
    return QColor.fromRgbF(
        one.redF() + (other.redF() - one.redF()) * share,
        one.greenF() + (other.greenF() - one.greenF()) * share,
        one.blueF() + (other.blueF() - one.blueF()) * share,
    )


def faded(color: QColor, alpha: int) -> QColor:
    """Return a colour with another opacity, 0 to 255."""
    return QColor(color.red(), color.green(), color.blue(), alpha)


@dataclass(frozen=True, slots=True)
class Style:
    """The colours of the timeline, from the palette of the widget."""

    dark: bool
    ground: QColor
    panel: QColor
    text: QColor
    dim: QColor
    grid: QColor
    accent: QColor
    on_accent: QColor
    weak: QColor
    head: QColor

    @staticmethod
    def of(palette: QPalette) -> "Style":
        """Choose colours that are readable on this palette."""
        dark = is_dark(palette)
        ground, text = palette.base().color(), palette.text().color()
        return Style(
            dark=dark,
            ground=ground,
            panel=palette.window().color(),
            text=text,
            dim=mixed(text, ground, 0.35),
            grid=mixed(ground, text, 0.14),
            accent=palette.highlight().color(),
            on_accent=palette.highlightedText().color(),
            weak=mark_color(Mark.REFUSED, dark),
            head=QColor("#ff5c5c" if dark else "#d01c1c"),
        )
