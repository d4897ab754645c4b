"""The table of all actions, from which `ActionSet` makes menus, toolbars, keys and tooltips."""
# ruff: noqa: E501 - the table has one row per action

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtWidgets import QMenuBar, QWidget

from app.core.memory import Constraint
from app.tracking.backend import Direction, MaskFault
from app.ui.controllers.mask_export import ExportController
from app.ui.controllers.mask_import import ImportController
from app.ui.controllers.model_selection import ModelSelection
from app.ui.controllers.project_saving import ProjectSaving
from app.ui.dialogs import paths
from app.ui.dialogs.about import copy_diagnostics, open_log, show_about
from app.ui.panels.objects_panel import ObjectsPanel
from app.ui.state.preferences import Preferences
from app.ui.state.view_state import Tool
from app.ui.style.theme import Theme
from app.ui.translation import QT_TRANSLATE_NOOP, translate
from app.ui.translation.sentences import translate_sentence
from app.ui.window.status_bar import StatusBar
from app.ui.window.workspace import Requirement, Workspace

FORWARD, BACKWARD = Direction.FORWARD, Direction.BACKWARD
MAX_OBJECT_KEYS = 9
MEMORY_FORMATS = ("memory", "memory_csv", "memory_maps")
TOOLS = "tool"  # the group of the canvas tools
SEPARATOR = "-"  # the text of a row that separates others
MENUS = {
    "File": QT_TRANSLATE_NOOP("Actions", "&File"),
    "Edit": QT_TRANSLATE_NOOP("Actions", "&Edit"),
    "View": QT_TRANSLATE_NOOP("Actions", "&View"),
    "Object": QT_TRANSLATE_NOOP("Actions", "&Object"),
    "Track": QT_TRANSLATE_NOOP("Actions", "&Track"),
    "Review": QT_TRANSLATE_NOOP("Actions", "&Review"),
    "Memory": QT_TRANSLATE_NOOP("Actions", "&Memory"),
    "Help": QT_TRANSLATE_NOOP("Actions", "&Help"),
}
"""The titles of the menus in the menu bar."""
SUBMENUS = {
    "View/Go to": QT_TRANSLATE_NOOP("Actions", "Go to"),
    "View/Theme": QT_TRANSLATE_NOOP("Actions", "Theme"),
    "Object/Select": QT_TRANSLATE_NOOP("Actions", "Select"),
}
_THEMES = {
    Theme.SYSTEM: QT_TRANSLATE_NOOP("Actions", "System"),
    Theme.LIGHT: QT_TRANSLATE_NOOP("Actions", "Light"),
    Theme.DARK: QT_TRANSLATE_NOOP("Actions", "Dark"),
}


class ActionTarget(Protocol):
    """What the actions use of the main window; it keeps this module from importing the window."""

    preferences: Preferences
    status: StatusBar
    models: ModelSelection
    importing: ImportController
    exporting: ExportController
    saving: ProjectSaving

    @property
    def workspace(self) -> Workspace:
        """The workspace of the open session."""
        ...

    def window(self) -> QWidget:
        """Return the widget that owns the actions and is the parent of dialogs."""
        ...

    def menuBar(self) -> QMenuBar:
        """Return the menu bar that the menus are added to."""
        ...

    def close(self) -> bool:
        """Close the window."""
        ...

    def ask_open(self, ask: Callable[[QWidget, Preferences], Path | None]) -> None:
        """Let the user select a path and open it."""
        ...

    def open_snapshot(self) -> None:
        """Ask for a snapshot of the project."""
        ...

    def escape(self) -> None:
        """Leave a text field, else cancel a gesture, else stop the jobs."""
        ...

    def cancel_jobs(self) -> bool:
        """Cancel the listed jobs."""
        ...

    def use_theme(self, theme: Theme) -> None:
        """Apply a theme and store it."""
        ...

    def edit_preferences(self) -> None:
        """Open the preferences."""
        ...

    def edit_shortcuts(self) -> None:
        """Open the editor of the keyboard shortcuts."""
        ...

    def toggle_patterns(self) -> None:
        """Hatch masks or not, and store it."""
        ...

    def objects_panel(self) -> ObjectsPanel:
        """Return the objects panel; it is shown if it was closed."""
        ...

    def refresh_actions(self) -> None:
        """Update the enabled and checked state of the actions."""
        ...


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One action.

    Attributes:
        menu: the menu of the action, a key of `MENUS` or `SUBMENUS`.
        text: English text in the menu, which identifies the action; `SEPARATOR` for a separator.
        keys: key sequences in Qt's portable notation.
        run: carries out the action.
        icon: name of an icon in ``resources/icons``; empty for none.
        requires: what must exist for the action to be enabled.
        tip: second line of the tooltip.
        is_on: returns whether a checkable action is checked; None for other actions.
        group: name of an exclusive group; exactly one action of it is checked.
        toolbar: whether the action is in a toolbar.
        short: text beside the icon in the toolbar; empty for the icon alone.
        icon_on: name of the icon in the checked state; empty for the same icon.
        detail: returns a suffix of the text while the action is enabled.
        position: number of the object that the action selects, from 1; None for other actions.
    """

    menu: str
    text: str
    keys: tuple[str, ...]
    run: Callable[[ActionTarget], object]
    icon: str = ""
    requires: Requirement = Requirement.SESSION
    tip: str = ""
    is_on: Callable[[ActionTarget], bool] | None = None
    group: str = ""
    toolbar: bool = False
    detail: Callable[[ActionTarget], str] | None = None
    icon_on: str = ""
    short: str = ""
    position: int | None = None

    @property
    def shown(self) -> str:
        """The text in the language of the window."""
        if self.position is not None:
            return translate("Actions", "Object {position}").format(position=self.position)
        return translate("Actions", self.text)


def _tool(text: str, key: str, tool: Tool, tip: str) -> ActionSpec:
    return ActionSpec(
        "Edit",
        text,
        (key,),
        lambda w: w.workspace.view.select_tool(tool),
        tool.value,
        tip=tip,
        is_on=lambda w: w.workspace.view.tool is tool,
        group=TOOLS,
        toolbar=True,
    )


def _theme(theme: Theme) -> ActionSpec:
    return ActionSpec(
        "View/Theme",
        _THEMES[theme],
        (),
        lambda w: w.use_theme(theme),
        requires=Requirement.NOTHING,
        is_on=lambda w: w.preferences.theme is theme,
        group="theme",
    )


def _select(position: int) -> ActionSpec:
    return ActionSpec(
        "Object/Select",
        f"Object {position}",
        (str(position),),
        lambda w: w.workspace.object_editing.select_nth(position),
        position=position,
    )


def _target(window: ActionTarget) -> str:
    name = window.workspace.tracking.target.replace("&", "&&")  # no mnemonic
    return f"({name})"


_S = ActionSpec
_ALWAYS, _OBJ, _MASK = Requirement.NOTHING, Requirement.OBJECT, Requirement.MASK

# fmt: off
TABLE: tuple[ActionSpec, ...] = (
    _S("File", QT_TRANSLATE_NOOP("Actions", "Open video…"), ("Ctrl+O",), lambda w: w.ask_open(paths.ask_video), "open-video", _ALWAYS, toolbar=True),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Open frame folder…"), ("Ctrl+Shift+O",), lambda w: w.ask_open(paths.ask_folder), "open-folder", _ALWAYS),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Open project…"), (), lambda w: w.ask_open(paths.ask_project), "open-project", _ALWAYS),
    _S("File", SEPARATOR, (), lambda w: None),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Save"), ("Ctrl+S",), lambda w: w.saving.save(w.workspace.session), "save", tip=QT_TRANSLATE_NOOP("Actions", "Everything is saved as you work; this waits until it is on disk"), toolbar=True),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Save as…"), ("Ctrl+Shift+S",), lambda w: w.saving.ask_save_as(w.workspace.session), "save-as"),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Open snapshot…"), (), lambda w: w.open_snapshot(), tip=QT_TRANSLATE_NOOP("Actions", "The project as it was at an earlier hour, read-only")),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Export…"), ("Ctrl+E",), lambda w: w.exporting.ask(w.workspace.session), "export", toolbar=True),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Import masks…"), ("Ctrl+I",), lambda w: w.importing.ask(w.workspace.session), "import", tip=QT_TRANSLATE_NOOP("Actions", "Masks of this video made by other tools: label images, COCO, CVAT and more")),
    _S("File", SEPARATOR, (), lambda w: None),
    _S("File", QT_TRANSLATE_NOOP("Actions", "Quit"), ("Ctrl+Shift+Q",), lambda w: w.close(), requires=_ALWAYS),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Undo"), ("Ctrl+Z",), lambda w: w.workspace.session.undo(), "undo", Requirement.UNDO, toolbar=True, detail=lambda w: translate_sentence(w.workspace.session.history.undo_label or "")),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Redo"), ("Ctrl+Shift+Z", "Ctrl+Y"), lambda w: w.workspace.session.redo(), "redo", Requirement.REDO, toolbar=True, detail=lambda w: translate_sentence(w.workspace.session.history.redo_label or "")),
    _S("Edit", SEPARATOR, (), lambda w: None),
    _tool(QT_TRANSLATE_NOOP("Actions", "Point tool"), "Q", Tool.POINT, QT_TRANSLATE_NOOP("Actions", "Left: positive point, right or Ctrl+left: negative point, Shift: preview")),
    _tool(QT_TRANSLATE_NOOP("Actions", "Box tool"), "W", Tool.BOX, QT_TRANSLATE_NOOP("Actions", "Drag a box around the object")),
    _tool(QT_TRANSLATE_NOOP("Actions", "Brush"), "B", Tool.BRUSH, QT_TRANSLATE_NOOP("Actions", "Paint the mask by hand")),
    _tool(QT_TRANSLATE_NOOP("Actions", "Eraser"), "E", Tool.ERASER, QT_TRANSLATE_NOOP("Actions", "Erase from the mask by hand")),
    _tool(QT_TRANSLATE_NOOP("Actions", "Polygon"), "P", Tool.POLYGON, QT_TRANSLATE_NOOP("Actions", "Click its vertices; a double click closes it; right button or Ctrl erases")),
    _tool(QT_TRANSLATE_NOOP("Actions", "Lasso"), "S", Tool.LASSO, QT_TRANSLATE_NOOP("Actions", "Drag around what to paint; right button or Ctrl erases")),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Larger brush"), ("]",), lambda w: w.workspace.view.change_brush(1)),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Smaller brush"), ("[",), lambda w: w.workspace.view.change_brush(-1)),
    _S("Edit", SEPARATOR, (), lambda w: None),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Delete prompt"), ("Delete", "Backspace"), lambda w: w.workspace.controller.delete_prompt(), requires=Requirement.PROMPT),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Clear prompts of this frame"), ("Ctrl+Delete",), lambda w: w.workspace.controller.clear_prompts(w.workspace.view.frame), requires=Requirement.PROMPT),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Clear prompts of this object"), ("Shift+Delete",), lambda w: w.workspace.controller.clear_prompts(), requires=_OBJ),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Preferences…"), ("Ctrl+P",), lambda w: w.edit_preferences(), requires=_ALWAYS),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Drop islands"), (), lambda w: w.workspace.controller.toggle_islands(), tip=QT_TRANSLATE_NOOP("Actions", "A predicted mask keeps the parts that touch a positive point, the box or the mask before it"), is_on=lambda w: w.preferences.drops_islands),
    _S("Edit", QT_TRANSLATE_NOOP("Actions", "Cancel stroke or stop tracking"), ("Esc",), lambda w: w.escape(), requires=_ALWAYS),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Play / pause"), ("Space",), lambda w: w.workspace.player.toggle(), "play", icon_on="pause", is_on=lambda w: w.workspace.player.is_playing, toolbar=True),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Next frame"), ("Right", ".", "D"), lambda w: w.workspace.navigator.step(1)),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Previous frame"), ("Left", ",", "A"), lambda w: w.workspace.navigator.step(-1)),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "10 frames forward"), ("Shift+Right",), lambda w: w.workspace.navigator.step(10)),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "10 frames back"), ("Shift+Left",), lambda w: w.workspace.navigator.step(-10)),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "First frame"), ("Home",), lambda w: w.workspace.navigator.go_first()),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Last frame"), ("End",), lambda w: w.workspace.navigator.go_last()),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Frame number…"), ("Ctrl+J", "G"), lambda w: w.status.edit_frame()),
    _S("View/Go to", SEPARATOR, (), lambda w: None),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Next prompted frame"), ("PgDown",), lambda w: w.workspace.navigator.jump_prompted(1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Previous prompted frame"), ("PgUp",), lambda w: w.workspace.navigator.jump_prompted(-1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Next suggested frame"), ("Alt+Right",), lambda w: w.workspace.reviewing.jump_suggested(1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Previous suggested frame"), ("Alt+Left",), lambda w: w.workspace.reviewing.jump_suggested(-1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Next unverified frame"), ("Ctrl+Alt+Right",), lambda w: w.workspace.reviewing.jump_unverified(1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Previous unverified frame"), ("Ctrl+Alt+Left",), lambda w: w.workspace.reviewing.jump_unverified(-1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Next frame kept in memory"), ("Ctrl+Right",), lambda w: w.workspace.navigator.jump_kept(1), requires=_OBJ),
    _S("View/Go to", QT_TRANSLATE_NOOP("Actions", "Previous frame kept in memory"), ("Ctrl+Left",), lambda w: w.workspace.navigator.jump_kept(-1), requires=_OBJ),
    _S("View", SEPARATOR, (), lambda w: None),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Zoom in"), ("=", "+"), lambda w: w.workspace.canvas.zoom_pan.zoom_in(), "zoom-in"),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Zoom out"), ("-",), lambda w: w.workspace.canvas.zoom_pan.zoom_out(), "zoom-out"),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Fit"), ("F",), lambda w: w.workspace.canvas.zoom_pan.fit(), "zoom-fit"),
    _S("View", QT_TRANSLATE_NOOP("Actions", "100 %"), ("Ctrl+0",), lambda w: w.workspace.canvas.zoom_pan.zoom_to(1)),
    _S("View", QT_TRANSLATE_NOOP("Actions", "200 %"), (), lambda w: w.workspace.canvas.zoom_pan.zoom_to(2)),
    _S("View", SEPARATOR, (), lambda w: None),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Show masks"), ("Shift+H",), lambda w: w.workspace.view.toggle_masks(), "eye", is_on=lambda w: w.workspace.view.show_masks, toolbar=True),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Outlines only"), ("Shift+O",), lambda w: w.workspace.view.toggle_outlines(), "outline", is_on=lambda w: w.workspace.view.show_outlines, toolbar=True),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Hatch masks"), (), lambda w: w.toggle_patterns(), tip=QT_TRANSLATE_NOOP("Actions", "Objects differ by pattern, not by color alone"), is_on=lambda w: w.preferences.shows_patterns),
    _S("View", QT_TRANSLATE_NOOP("Actions", "More opaque masks"), ("Ctrl+]",), lambda w: w.workspace.view.change_opacity(1)),
    _S("View", QT_TRANSLATE_NOOP("Actions", "Less opaque masks"), ("Ctrl+[",), lambda w: w.workspace.view.change_opacity(-1)),
    _S("View", SEPARATOR, (), lambda w: None),
    *map(_theme, Theme),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "New object"), ("N",), lambda w: w.workspace.object_editing.new_object(), "add", toolbar=True, tip=QT_TRANSLATE_NOOP("Actions", "The next click or box belongs to it")),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Duplicate object"), (), lambda w: w.workspace.object_editing.duplicate(), "duplicate", _OBJ, QT_TRANSLATE_NOOP("Actions", "Copy the object with all its masks")),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Suggest objects"), ("Shift+N",), lambda w: w.workspace.suggesting.suggest(), "suggest", toolbar=True, tip=QT_TRANSLATE_NOOP("Actions", "Search the frame for objects; click those to keep")),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Delete object"), (), lambda w: w.workspace.object_editing.delete_object(), "delete", _OBJ),
    *map(_select, range(1, MAX_OBJECT_KEYS + 1)),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Rename object"), ("F2",), lambda w: w.objects_panel().rename(), requires=_OBJ),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Change category of object"), (), lambda w: w.objects_panel().change_category(), requires=_OBJ),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Change color of object…"), (), lambda w: w.workspace.objects.recolor(), requires=_OBJ),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Move object up"), ("Alt+Up",), lambda w: w.workspace.object_editing.move_object(-1), requires=_OBJ),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Move object down"), ("Alt+Down",), lambda w: w.workspace.object_editing.move_object(1), requires=_OBJ),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Show this object alone"), ("Alt+S",), lambda w: w.workspace.view.toggle_solo(), "solo", _OBJ, is_on=lambda w: w.workspace.view.solo_object is not None),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Hide or show"), ("H",), lambda w: w.workspace.object_editing.toggle_visible(), requires=_OBJ),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Lock or unlock"), ("L",), lambda w: w.workspace.object_editing.toggle_locked(), "lock", _OBJ),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Remove specks"), (), lambda w: w.workspace.cleanup.clean_here(MaskFault.SPECKS), requires=_MASK, tip=QT_TRANSLATE_NOOP("Actions", "Small parts beside the largest, on this frame; what is painted stays")),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Fill holes"), (), lambda w: w.workspace.cleanup.clean_here(MaskFault.HOLES), requires=_MASK, tip=QT_TRANSLATE_NOOP("Actions", "Small gaps inside the mask of this frame; what is erased stays")),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Remove specks on all frames"), (), lambda w: w.workspace.cleanup.clean_all(MaskFault.SPECKS), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "Verified masks stay as they are")),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Fill holes on all frames"), (), lambda w: w.workspace.cleanup.clean_all(MaskFault.HOLES), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "Verified masks stay as they are")),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Clear mask of this frame"), (), lambda w: w.workspace.controller.clear_mask_here(), requires=_MASK),
    _S("Object", QT_TRANSLATE_NOOP("Actions", "Clear all masks of the object"), (), lambda w: w.workspace.controller.clear_masks(), requires=_OBJ),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Track backward"), ("Shift+T",), lambda w: w.workspace.tracking.track(BACKWARD), "track-backward", _OBJ, QT_TRANSLATE_NOOP("Actions", "From this frame to the in frame or the start"), toolbar=True, short=QT_TRANSLATE_NOOP("Actions", "Backward"), detail=_target),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Track forward"), ("T",), lambda w: w.workspace.tracking.track(FORWARD), "track-forward", _OBJ, QT_TRANSLATE_NOOP("Actions", "From this frame to the out frame or the end"), toolbar=True, short=QT_TRANSLATE_NOOP("Actions", "Forward"), detail=_target),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Track range both ways"), ("Ctrl+T",), lambda w: w.workspace.tracking.track(Direction.BOTH), "track-both", _OBJ, QT_TRANSLATE_NOOP("Actions", "From this frame to both ends of the in/out range, or of the video"), toolbar=True, short=QT_TRANSLATE_NOOP("Actions", "Both ways"), detail=_target),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Track one frame backward"), ("Ctrl+,",), lambda w: w.workspace.tracking.track_one(BACKWARD), "step-backward", _OBJ, detail=_target),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Track one frame forward"), ("Ctrl+.",), lambda w: w.workspace.tracking.track_one(FORWARD), "step-forward", _OBJ, detail=_target),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Stop"), (), lambda w: w.cancel_jobs(), "stop", Requirement.JOB, QT_TRANSLATE_NOOP("Actions", "Finished frames are kept"), toolbar=True, short=QT_TRANSLATE_NOOP("Actions", "Stop")),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Track all objects"), ("Ctrl+Shift+T",), lambda w: w.workspace.tracking.toggle_all(), "track-all", tip=QT_TRANSLATE_NOOP("Actions", "Off: only the active object is tracked, the others keep their masks"), is_on=lambda w: w.workspace.tracking.tracks_all, toolbar=True, short=QT_TRANSLATE_NOOP("Actions", "All objects")),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Prevent overlaps"), (), lambda w: w.workspace.controller.toggle_exclusive(), tip=QT_TRANSLATE_NOOP("Actions", "Tracked masks never overlap masks of other objects; track again to apply"), is_on=lambda w: w.workspace.session.document.is_exclusive),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Keep painted and imported masks"), (), lambda w: w.workspace.protection.toggle(), tip=QT_TRANSLATE_NOOP("Actions", "Off: tracking also replaces what was made by hand, but for the frame it starts on and verified masks"), is_on=lambda w: w.preferences.protects_hand_work),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Follow tracking"), (), lambda w: w.workspace.tracking.toggle_follow(), tip=QT_TRANSLATE_NOOP("Actions", "Show each frame as soon as it is tracked; off: the displayed frame stays"), is_on=lambda w: w.workspace.tracking.follows),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Show masks before tracking"), ("C",), lambda w: w.workspace.comparison.toggle(), requires=Requirement.RUN, tip=QT_TRANSLATE_NOOP("Actions", "Compare the masks of the last tracking run with those that it replaced"), is_on=lambda w: w.workspace.comparison.is_on),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Revert frames to before tracking…"), (), lambda w: w.workspace.comparison.ask_revert(w.workspace.editor), requires=Requirement.RUN, tip=QT_TRANSLATE_NOOP("Actions", "Undo the last tracking run on some frames only")),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Model…"), (), lambda w: w.models.ask(), requires=_ALWAYS, tip=QT_TRANSLATE_NOOP("Actions", "Select the model, the device and the memory settings")),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Set in frame"), ("I",), lambda w: w.workspace.controller.set_in()),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Set out frame"), ("O",), lambda w: w.workspace.controller.set_out()),
    _S("Track", QT_TRANSLATE_NOOP("Actions", "Clear in and out"), ("Ctrl+Shift+X",), lambda w: w.workspace.controller.set_range(None, None)),
    _S("Review", QT_TRANSLATE_NOOP("Actions", "Visit the next suggestion"), ("Return", "Enter"), lambda w: w.workspace.reviewing.visit_next(), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "The suggestions are in the Review panel, worst first")),
    _S("Review", QT_TRANSLATE_NOOP("Actions", "Verify and visit the next suggestion"), ("V",), lambda w: w.workspace.reviewing.verify_and_continue(), "verify", _MASK, QT_TRANSLATE_NOOP("Actions", "Tracking never changes a verified mask"), toolbar=True),
    _S("Review", QT_TRANSLATE_NOOP("Actions", "Verify or unverify the mask of this frame"), ("Shift+V",), lambda w: w.workspace.reviewing.toggle_verified(), requires=_MASK),
    _S("Review", SEPARATOR, (), lambda w: None),
    _S("Review", QT_TRANSLATE_NOOP("Actions", "Verify this run of suggested frames"), ("Ctrl+Shift+V",), lambda w: w.workspace.reviewing.verify_run(), requires=_MASK),
    _S("Review", QT_TRANSLATE_NOOP("Actions", "Verify the in/out range"), (), lambda w: w.workspace.reviewing.verify_range(), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "All masks of the object from the in frame to the out frame")),
    _S("Review", SEPARATOR, (), lambda w: None),
    _S("Review", QT_TRANSLATE_NOOP("Actions", "Compare directions"), (), lambda w: w.workspace.reviewing.compare_directions(), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "Track back from the ends; where the masks differ, one is wrong. No mask is changed")),
    _S("Memory", QT_TRANSLATE_NOOP("Actions", "Pin or unpin this frame"), ("M",), lambda w: w.workspace.controller.toggle_constraint(Constraint.PIN), "pin", _OBJ, QT_TRANSLATE_NOOP("Actions", "A pinned frame stays in memory; track again to apply")),
    _S("Memory", QT_TRANSLATE_NOOP("Actions", "Ban or allow this frame"), ("Shift+M",), lambda w: w.workspace.controller.toggle_constraint(Constraint.BAN), "ban", _OBJ, QT_TRANSLATE_NOOP("Actions", "A banned frame never enters memory; track again to apply")),
    _S("Memory", SEPARATOR, (), lambda w: None),
    _S("Memory", QT_TRANSLATE_NOOP("Actions", "Export memory…"), (), lambda w: w.exporting.ask(w.workspace.session, MEMORY_FORMATS), "export", tip=QT_TRANSLATE_NOOP("Actions", "Decisions, scores and kept tokens as JSON, CSV and PNG")),
    _S("Memory", QT_TRANSLATE_NOOP("Actions", "Compare policies…"), (), lambda w: w.workspace.policies.ask(w.models), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "Track the object under two memory settings, look at both, and use one")),
    _S("Memory", QT_TRANSLATE_NOOP("Actions", "Show kept tokens on the frame"), ("K",), lambda w: w.workspace.inspection.toggle_map(), requires=_OBJ, tip=QT_TRANSLATE_NOOP("Actions", "Where the memory bank after this frame holds tokens: one color per remembered frame"), is_on=lambda w: w.workspace.view.show_memory_map),
    _S("Help", QT_TRANSLATE_NOOP("Actions", "Keyboard shortcuts"), ("F1", "Ctrl+F1", "?"), lambda w: w.edit_shortcuts(), "keyboard", _ALWAYS),
    _S("Help", QT_TRANSLATE_NOOP("Actions", "Open log"), (), lambda w: open_log(), requires=_ALWAYS),
    _S("Help", QT_TRANSLATE_NOOP("Actions", "Copy diagnostics"), (), lambda w: copy_diagnostics(w.models.description, w.status.show_message), requires=_ALWAYS, tip=QT_TRANSLATE_NOOP("Actions", "Versions, processor, model and last log lines, for a report")),
    _S("Help", QT_TRANSLATE_NOOP("Actions", "About"), (), lambda w: show_about(w.window(), w.models.description), "info", _ALWAYS),
)
# fmt: on
