"""Colors and spacing of the window: a light and a dark theme on Qt's Fusion style."""

from dataclasses import dataclass
from enum import StrEnum

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from app.ui.style.icons import ICON_FOLDER

SPACING_PX = 8


class Theme(StrEnum):
    """The themes to select from; `SYSTEM` follows the color scheme of the desktop."""

    SYSTEM = "system"
    LIGHT = "light"
    DARK = "dark"


@dataclass(frozen=True, slots=True)
class ThemeColors:
    """The colors of a theme; text has a contrast ratio of at least 4.5 (WCAG 2 level AA)."""

    window: str
    surface: str  # lists, text fields, the area around the frame
    raised: str  # buttons, headers
    border: str
    text: str
    muted: str
    disabled: str
    accent: str
    accent_text: str
    link: str
    error: str
    menu_border: str  # with a contrast of 3 to the window, because a menu may lie over it


DARK = ThemeColors(
    window="#1e2124",
    surface="#16181b",
    raised="#2a2e33",
    border="#3a4047",
    text="#e3e6e9",
    muted="#a3abb3",
    disabled="#6b737b",
    accent="#2f74b5",
    accent_text="#ffffff",
    link="#79b8f2",
    error="#ff8a80",
    menu_border="#6f7780",
)
LIGHT = ThemeColors(
    window="#f1f3f5",
    surface="#ffffff",
    raised="#e6e9ec",
    border="#c5cbd1",
    text="#1c2126",
    muted="#545d66",
    disabled="#929aa2",
    accent="#1f66a8",
    accent_text="#ffffff",
    link="#0b5aa2",
    error="#b3261e",
    menu_border="#858d95",
)

_STYLE = """
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {border}; padding: 4px 8px; }}
QMainWindow::separator {{ background: {window}; width: 4px; height: 4px; }}
QMainWindow::separator:hover {{ background: {accent}; }}
QToolBar {{ border: 0; border-bottom: 1px solid {border}; padding: 4px 8px; spacing: 2px; }}
QToolBar::separator {{ background: {border}; width: 1px; margin: 4px 6px; }}
QToolButton {{ border: 1px solid transparent; border-radius: 4px; padding: 4px; }}
QToolButton:hover {{ background: {raised}; }}
QToolButton:focus {{ border-color: {accent}; }}
QToolButton:pressed {{ background: {border}; }}
QToolButton[role="menu"] {{ padding-right: 16px; }}
QToolButton[role="menu"]::menu-indicator {{ subcontrol-origin: padding;
                                           subcontrol-position: right center; right: 4px; }}
QToolButton:checked {{ background: {accent}; color: {accent_text}; }}
QMenuBar {{ border-bottom: 1px solid {border}; padding: 2px; }}
QMenuBar::item {{ padding: 4px 10px; border-radius: 4px; background: transparent; }}
QMenuBar::item:selected {{ background: {raised}; }}
QDockWidget {{ color: {muted}; font-weight: 600; }}
QDockWidget::title {{ padding: 6px 8px 1px; background: {window};
                      border-bottom: 1px solid {border}; }}
QStatusBar {{ border-top: 1px solid {border}; }}
QStatusBar::item {{ border: 0; }}
QProgressBar {{ border: 1px solid {border}; border-radius: 4px; background: {surface};
                text-align: center; max-height: 16px; }}
QProgressBar::chunk {{ background: {accent}; border-radius: 3px; }}
QAbstractScrollArea {{ border: 0; }}
QHeaderView::section {{ background: {window}; color: {muted}; border: 0; padding: 4px;
                        border-bottom: 1px solid {border}; }}
QCheckBox::indicator, QTreeWidget::indicator, QListWidget::indicator {{
    width: 14px; height: 14px; border: 1px solid {muted}; border-radius: 3px;
    background: {surface}; }}
QCheckBox::indicator:checked, QTreeWidget::indicator:checked, QListWidget::indicator:checked {{
    background: {accent}; border-color: {accent}; image: url("{check}"); }}
QCheckBox::indicator:focus {{ border-color: {text}; }}
QLineEdit[role="field"] {{ border: 1px solid {border}; border-radius: 4px; padding: 4px 6px;
                           background: {surface}; }}
QLineEdit[role="field"]:focus {{ border-color: {accent}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QLabel[role="title"] {{ font-size: 22px; font-weight: 600; }}
QLabel[role="muted"], QToolButton[role="muted"] {{ color: {muted}; }}
QLabel[role="error"] {{ color: {error}; }}
QFrame[role="card"] {{ background: {surface}; border: 1px solid {border}; border-radius: 8px; }}
QFrame[role="card"] QLabel {{ border: 0; background: transparent; }}
QMenu {{ background: {window}; border: 1px solid {menu_border}; padding: 4px; }}
QMenu::item:selected {{ background: {accent}; color: {accent_text}; }}
QMenu::item:selected:disabled {{ background: {raised}; color: {disabled}; }}
QPushButton[role="secondary"] {{ background: {raised}; color: {text}; border-radius: 6px;
                                 border: 1px solid {border}; padding: 10px 16px; }}
QPushButton[role="secondary"]:hover, QPushButton[role="secondary"]:focus {{ border-color: {text}; }}
QPushButton[role="primary"] {{ background: {accent}; color: {accent_text}; border-radius: 6px;
                               border: 1px solid {accent}; padding: 10px 24px; font-weight: 600; }}
QPushButton[role="primary"]:hover {{ border-color: {text}; }}
QPushButton[role="primary"]:focus {{ border: 2px solid {text}; }}
"""


def theme_colors(theme: Theme) -> ThemeColors:
    """Return the colors of a theme; dark if the system has no preference."""
    if theme is Theme.SYSTEM:
        scheme = QApplication.styleHints().colorScheme()
        return LIGHT if scheme is Qt.ColorScheme.Light else DARK
    return LIGHT if theme is Theme.LIGHT else DARK


def theme_palette(colors: ThemeColors) -> QPalette:
    """Return the colors as a Qt palette."""
    role = QPalette.ColorRole
    roles = {
        colors.window: (role.Window,),
        colors.surface: (role.Base,),
        colors.raised: (role.Button, role.AlternateBase, role.ToolTipBase, role.Midlight),
        colors.border: (role.Mid, role.Light),
        colors.text: (role.WindowText, role.Text, role.ButtonText, role.ToolTipText),
        colors.muted: (role.PlaceholderText,),
        colors.accent: (role.Highlight, role.Accent),
        colors.accent_text: (role.HighlightedText, role.BrightText),
        colors.link: (role.Link, role.LinkVisited),
    }
    palette = QPalette()
    for color, named in roles.items():
        for each in named:
            palette.setColor(each, QColor(color))
    palette.setColor(role.Dark, QColor(colors.border).darker(140))
    palette.setColor(role.Shadow, QColor("#000000"))
    disabled = QPalette.ColorGroup.Disabled
    for each in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(disabled, each, QColor(colors.disabled))
    palette.setColor(disabled, role.Highlight, QColor(colors.border))
    return palette


def apply_theme(application: QApplication, theme: Theme) -> None:
    """Apply a theme to the whole application."""
    colors = theme_colors(theme)
    values = {name: getattr(colors, name) for name in ThemeColors.__slots__}
    values["check"] = (ICON_FOLDER / "check-on-accent.svg").as_posix()
    application.setPalette(theme_palette(colors))
    application.setStyleSheet(_STYLE.format(**values))
