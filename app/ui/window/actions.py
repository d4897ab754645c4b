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
from app.ui.window.status_bar import StatusBar
from app.ui.window.workspace import Requirement, Workspace

FORWARD, BACKWARD = Direction.FORWARD, Direction.BACKWARD
MAX_OBJECT_KEYS = 9
MEMORY_FORMATS = ("memory", "memory_csv", "memory_maps")
TOOLS = "tool"  # the group of the canvas tools
SEPARATOR = "-"  # the text of a row that separates others


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
        menu: the menu of the action, or ``menu/submenu``.
        text: text in the menu; `SEPARATOR` for a separator.
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
        theme.value.capitalize(),
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
        lambda w: w.workspace.controller.select_nth(position),
    )


def _target(window: ActionTarget) -> str:
    name = window.workspace.tracking.target.replace("&", "&&")  # no mnemonic
    return f"({name})"


_S = ActionSpec
_ALWAYS, _OBJ, _MASK = Requirement.NOTHING, Requirement.OBJECT, Requirement.MASK

# fmt: off
TABLE: tuple[ActionSpec, ...] = (
    _S("File", "Open video…", ("Ctrl+O",), lambda w: w.ask_open(paths.ask_video), "open-video", _ALWAYS, toolbar=True),
    _S("File", "Open frame folder…", ("Ctrl+Shift+O",), lambda w: w.ask_open(paths.ask_folder), "open-folder", _ALWAYS),
    _S("File", "Open project…", (), lambda w: w.ask_open(paths.ask_project), "open-project", _ALWAYS),
    _S("File", SEPARATOR, (), lambda w: None),
    _S("File", "Save", ("Ctrl+S",), lambda w: w.saving.save(w.workspace.session), "save", tip="Everything is saved as you work; this waits until it is on disk", toolbar=True),
    _S("File", "Save as…", ("Ctrl+Shift+S",), lambda w: w.saving.ask_save_as(w.workspace.session), "save-as"),
    _S("File", "Open snapshot…", (), lambda w: w.open_snapshot(), tip="The project as it was at an earlier hour, read-only"),
    _S("File", "Export…", ("Ctrl+E",), lambda w: w.exporting.ask(w.workspace.session), "export", toolbar=True),
    _S("File", "Import masks…", ("Ctrl+I",), lambda w: w.importing.ask(w.workspace.session), "import", tip="Masks of this video made by other tools: label images, COCO, CVAT and more"),
    _S("File", SEPARATOR, (), lambda w: None),
    _S("File", "Quit", ("Ctrl+Shift+Q",), lambda w: w.close(), requires=_ALWAYS),
    _S("Edit", "Undo", ("Ctrl+Z",), lambda w: w.workspace.session.undo(), "undo", Requirement.UNDO, toolbar=True, detail=lambda w: w.workspace.session.history.undo_label or ""),
    _S("Edit", "Redo", ("Ctrl+Shift+Z", "Ctrl+Y"), lambda w: w.workspace.session.redo(), "redo", Requirement.REDO, toolbar=True, detail=lambda w: w.workspace.session.history.redo_label or ""),
    _S("Edit", SEPARATOR, (), lambda w: None),
    _tool("Point tool", "Q", Tool.POINT, "Left: positive point, right or Ctrl+left: negative point, Shift: preview"),
    _tool("Box tool", "W", Tool.BOX, "Drag a box around the object"),
    _tool("Brush", "B", Tool.BRUSH, "Paint the mask by hand"),
    _tool("Eraser", "E", Tool.ERASER, "Erase from the mask by hand"),
    _tool("Polygon", "P", Tool.POLYGON, "Click its vertices; double click or Enter closes it; right button or Ctrl erases"),
    _tool("Lasso", "S", Tool.LASSO, "Drag around what to paint; right button or Ctrl erases"),
    _S("Edit", "Larger brush", ("]",), lambda w: w.workspace.view.change_brush(1)),
    _S("Edit", "Smaller brush", ("[",), lambda w: w.workspace.view.change_brush(-1)),
    _S("Edit", SEPARATOR, (), lambda w: None),
    _S("Edit", "Delete prompt", ("Delete", "Backspace"), lambda w: w.workspace.controller.delete_prompt(), requires=Requirement.PROMPT),
    _S("Edit", "Clear prompts of this frame", ("Ctrl+Delete",), lambda w: w.workspace.controller.clear_prompts(w.workspace.view.frame), requires=Requirement.PROMPT),
    _S("Edit", "Clear prompts of this object", ("Shift+Delete",), lambda w: w.workspace.controller.clear_prompts(), requires=_OBJ),
    _S("Edit", "Preferences…", ("Ctrl+P",), lambda w: w.edit_preferences(), requires=_ALWAYS),
    _S("Edit", "Drop islands", (), lambda w: w.workspace.controller.toggle_islands(), tip="A predicted mask keeps the parts that touch a positive point, the box or the mask before it", is_on=lambda w: w.preferences.drops_islands),
    _S("Edit", "Cancel stroke or stop tracking", ("Esc",), lambda w: w.escape(), requires=_ALWAYS),
    _S("View", "Play / pause", ("Space",), lambda w: w.workspace.player.toggle(), "play", icon_on="pause", is_on=lambda w: w.workspace.player.is_playing, toolbar=True),
    _S("View/Go to", "Next frame", ("Right", ".", "D"), lambda w: w.workspace.navigator.step(1)),
    _S("View/Go to", "Previous frame", ("Left", ",", "A"), lambda w: w.workspace.navigator.step(-1)),
    _S("View/Go to", "10 frames forward", ("Shift+Right",), lambda w: w.workspace.navigator.step(10)),
    _S("View/Go to", "10 frames back", ("Shift+Left",), lambda w: w.workspace.navigator.step(-10)),
    _S("View/Go to", "First frame", ("Home",), lambda w: w.workspace.navigator.go_first()),
    _S("View/Go to", "Last frame", ("End",), lambda w: w.workspace.navigator.go_last()),
    _S("View/Go to", "Frame number…", ("Ctrl+J", "G"), lambda w: w.status.edit_frame()),
    _S("View/Go to", SEPARATOR, (), lambda w: None),
    _S("View/Go to", "Next prompted frame", ("PgDown",), lambda w: w.workspace.navigator.jump_prompted(1), requires=_OBJ),
    _S("View/Go to", "Previous prompted frame", ("PgUp",), lambda w: w.workspace.navigator.jump_prompted(-1), requires=_OBJ),
    _S("View/Go to", "Next suggested frame", ("Alt+Right",), lambda w: w.workspace.reviewing.jump_suggested(1), requires=_OBJ),
    _S("View/Go to", "Previous suggested frame", ("Alt+Left",), lambda w: w.workspace.reviewing.jump_suggested(-1), requires=_OBJ),
    _S("View/Go to", "Next unverified frame", ("Ctrl+Alt+Right",), lambda w: w.workspace.reviewing.jump_unverified(1), requires=_OBJ),
    _S("View/Go to", "Previous unverified frame", ("Ctrl+Alt+Left",), lambda w: w.workspace.reviewing.jump_unverified(-1), requires=_OBJ),
    _S("View/Go to", "Next frame kept in memory", ("Ctrl+Right",), lambda w: w.workspace.navigator.jump_kept(1), requires=_OBJ),
    _S("View/Go to", "Previous frame kept in memory", ("Ctrl+Left",), lambda w: w.workspace.navigator.jump_kept(-1), requires=_OBJ),
    _S("View", SEPARATOR, (), lambda w: None),
    _S("View", "Zoom in", ("=", "+"), lambda w: w.workspace.canvas.zoom_pan.zoom_in(), "zoom-in"),
    _S("View", "Zoom out", ("-",), lambda w: w.workspace.canvas.zoom_pan.zoom_out(), "zoom-out"),
    _S("View", "Fit", ("F",), lambda w: w.workspace.canvas.zoom_pan.fit(), "zoom-fit"),
    _S("View", "100 %", ("Ctrl+0",), lambda w: w.workspace.canvas.zoom_pan.zoom_to(1)),
    _S("View", "200 %", (), lambda w: w.workspace.canvas.zoom_pan.zoom_to(2)),
    _S("View", SEPARATOR, (), lambda w: None),
    _S("View", "Show masks", ("Shift+H",), lambda w: w.workspace.view.toggle_masks(), "eye", is_on=lambda w: w.workspace.view.show_masks, toolbar=True),
    _S("View", "Outlines only", ("Shift+O",), lambda w: w.workspace.view.toggle_outlines(), "outline", is_on=lambda w: w.workspace.view.show_outlines, toolbar=True),
    _S("View", "Hatch masks", (), lambda w: w.toggle_patterns(), tip="Objects differ by pattern, not by color alone", is_on=lambda w: w.preferences.shows_patterns),
    _S("View", "More opaque masks", ("Ctrl+]",), lambda w: w.workspace.view.change_opacity(1)),
    _S("View", "Less opaque masks", ("Ctrl+[",), lambda w: w.workspace.view.change_opacity(-1)),
    _S("View", SEPARATOR, (), lambda w: None),
    *map(_theme, Theme),
    _S("Object", "New object", ("N",), lambda w: w.workspace.controller.new_object(), "add", toolbar=True, tip="The next click or box belongs to it"),
    _S("Object", "Duplicate object", (), lambda w: w.workspace.objects.duplicate(), "duplicate", _OBJ, "Copy the object with all its masks"),
    _S("Object", "Suggest objects", ("Shift+N",), lambda w: w.workspace.suggesting.suggest(), "suggest", toolbar=True, tip="Search the frame for objects; click those to keep"),
    _S("Object", "Delete object", (), lambda w: w.workspace.controller.delete_object(), "delete", _OBJ),
    *map(_select, range(1, MAX_OBJECT_KEYS + 1)),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", "Rename object", ("F2",), lambda w: w.objects_panel().rename(), requires=_OBJ),
    _S("Object", "Change category of object", (), lambda w: w.objects_panel().change_category(), requires=_OBJ),
    _S("Object", "Change color of object…", (), lambda w: w.workspace.objects.recolor(), requires=_OBJ),
    _S("Object", "Move object up", ("Alt+Up",), lambda w: w.workspace.objects.move_object(-1), requires=_OBJ),
    _S("Object", "Move object down", ("Alt+Down",), lambda w: w.workspace.objects.move_object(1), requires=_OBJ),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", "Show this object alone", ("Alt+S",), lambda w: w.workspace.view.toggle_solo(), "solo", _OBJ, is_on=lambda w: w.workspace.view.solo_object is not None),
    _S("Object", "Hide or show", ("H",), lambda w: w.workspace.controller.toggle_visible(), requires=_OBJ),
    _S("Object", "Lock or unlock", ("L",), lambda w: w.workspace.controller.toggle_locked(), "lock", _OBJ),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", "Remove specks", (), lambda w: w.workspace.cleanup.clean_here(MaskFault.SPECKS), requires=_MASK, tip="Small parts beside the largest, on this frame; what is painted stays"),
    _S("Object", "Fill holes", (), lambda w: w.workspace.cleanup.clean_here(MaskFault.HOLES), requires=_MASK, tip="Small gaps inside the mask of this frame; what is erased stays"),
    _S("Object", "Remove specks on all frames", (), lambda w: w.workspace.cleanup.clean_all(MaskFault.SPECKS), requires=_OBJ, tip="Verified masks stay as they are"),
    _S("Object", "Fill holes on all frames", (), lambda w: w.workspace.cleanup.clean_all(MaskFault.HOLES), requires=_OBJ, tip="Verified masks stay as they are"),
    _S("Object", SEPARATOR, (), lambda w: None),
    _S("Object", "Clear mask of this frame", (), lambda w: w.workspace.controller.clear_mask_here(), requires=_MASK),
    _S("Object", "Clear all masks of the object", (), lambda w: w.workspace.controller.clear_masks(), requires=_OBJ),
    _S("Track", "Track backward", ("Shift+T",), lambda w: w.workspace.tracking.track(BACKWARD), "track-backward", _OBJ, "From this frame to the in frame or the start", toolbar=True, short="Backward", detail=_target),
    _S("Track", "Track forward", ("T",), lambda w: w.workspace.tracking.track(FORWARD), "track-forward", _OBJ, "From this frame to the out frame or the end", toolbar=True, short="Forward", detail=_target),
    _S("Track", "Track range both ways", ("Ctrl+T",), lambda w: w.workspace.tracking.track(Direction.BOTH), "track-both", _OBJ, "From this frame to both ends of the in/out range, or of the video", toolbar=True, short="Both ways", detail=_target),
    _S("Track", "Track one frame backward", ("Ctrl+,",), lambda w: w.workspace.tracking.track_one(BACKWARD), "step-backward", _OBJ, detail=_target),
    _S("Track", "Track one frame forward", ("Ctrl+.",), lambda w: w.workspace.tracking.track_one(FORWARD), "step-forward", _OBJ, detail=_target),
    _S("Track", "Stop", (), lambda w: w.cancel_jobs(), "stop", Requirement.JOB, "Finished frames are kept", toolbar=True, short="Stop"),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", "Track all objects", ("Ctrl+Shift+T",), lambda w: w.workspace.tracking.toggle_all(), "track-all", tip="Off: only the active object is tracked, the others keep their masks", is_on=lambda w: w.workspace.tracking.tracks_all, toolbar=True, short="All objects"),
    _S("Track", "Prevent overlaps", (), lambda w: w.workspace.controller.toggle_exclusive(), tip="Tracked masks never overlap masks of other objects; track again to apply", is_on=lambda w: w.workspace.session.document.is_exclusive),
    _S("Track", "Keep painted and imported masks", (), lambda w: w.workspace.protection.toggle(), tip="Off: tracking also replaces what was made by hand, but for the frame it starts on and verified masks", is_on=lambda w: w.preferences.protects_hand_work),
    _S("Track", "Follow tracking", (), lambda w: w.workspace.tracking.toggle_follow(), tip="Show each frame as soon as it is tracked; off: the displayed frame stays", is_on=lambda w: w.workspace.tracking.follows),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", "Show masks before tracking", ("C",), lambda w: w.workspace.comparison.toggle(), requires=Requirement.RUN, tip="Compare the masks of the last tracking run with those that it replaced", is_on=lambda w: w.workspace.comparison.is_on),
    _S("Track", "Revert frames to before tracking…", (), lambda w: w.workspace.comparison.ask_revert(w.workspace.editor), requires=Requirement.RUN, tip="Undo the last tracking run on some frames only"),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", "Model…", (), lambda w: w.models.ask(), requires=_ALWAYS, tip="Select the model, the device and the memory settings"),
    _S("Track", SEPARATOR, (), lambda w: None),
    _S("Track", "Set in frame", ("I",), lambda w: w.workspace.controller.set_in()),
    _S("Track", "Set out frame", ("O",), lambda w: w.workspace.controller.set_out()),
    _S("Track", "Clear in and out", ("Ctrl+Shift+X",), lambda w: w.workspace.controller.set_range(None, None)),
    _S("Review", "Visit the next suggestion", ("Return", "Enter"), lambda w: w.workspace.reviewing.visit_next(), requires=_OBJ, tip="The suggestions are in the Review panel, worst first"),
    _S("Review", "Verify and visit the next suggestion", ("V",), lambda w: w.workspace.reviewing.verify_and_continue(), "verify", _MASK, "Tracking never changes a verified mask", toolbar=True),
    _S("Review", "Verify or unverify the mask of this frame", ("Shift+V",), lambda w: w.workspace.reviewing.toggle_verified(), requires=_MASK),
    _S("Review", SEPARATOR, (), lambda w: None),
    _S("Review", "Verify this run of suggested frames", ("Ctrl+Shift+V",), lambda w: w.workspace.reviewing.verify_run(), requires=_MASK),
    _S("Review", "Verify the in/out range", (), lambda w: w.workspace.reviewing.verify_range(), requires=_OBJ, tip="All masks of the object from the in frame to the out frame"),
    _S("Review", SEPARATOR, (), lambda w: None),
    _S("Review", "Compare directions", (), lambda w: w.workspace.reviewing.compare_directions(), requires=_OBJ, tip="Track back from the ends; where the masks differ, one is wrong. No mask is changed"),
    _S("Memory", "Pin or unpin this frame", ("M",), lambda w: w.workspace.controller.toggle_constraint(Constraint.PIN), "pin", _OBJ, "A pinned frame stays in memory; track again to apply"),
    _S("Memory", "Ban or allow this frame", ("Shift+M",), lambda w: w.workspace.controller.toggle_constraint(Constraint.BAN), "ban", _OBJ, "A banned frame never enters memory; track again to apply"),
    _S("Memory", SEPARATOR, (), lambda w: None),
    _S("Memory", "Export memory…", (), lambda w: w.exporting.ask(w.workspace.session, MEMORY_FORMATS), "export", tip="Decisions, scores and kept tokens as JSON, CSV and PNG"),
    _S("Memory", "Compare policies…", (), lambda w: w.workspace.policies.ask(), requires=_OBJ, tip="Track the object under two memory settings, look at both, and use one"),
    _S("Memory", "Show kept tokens on the frame", ("K",), lambda w: w.workspace.inspection.toggle_map(), requires=_OBJ, tip="Where the memory bank after this frame holds tokens: one color per remembered frame", is_on=lambda w: w.workspace.view.show_memory_map),
    _S("Help", "Keyboard shortcuts", ("F1", "Ctrl+F1", "?"), lambda w: w.edit_shortcuts(), "keyboard", _ALWAYS),
    _S("Help", "Open log", (), lambda w: open_log(), requires=_ALWAYS),
    _S("Help", "Copy diagnostics", (), lambda w: copy_diagnostics(w.models.description, w.status.show_message), requires=_ALWAYS, tip="Versions, processor, model and last log lines, for a report"),
    _S("Help", "About", (), lambda w: show_about(w.window()), "info", _ALWAYS),
)
# fmt: on
