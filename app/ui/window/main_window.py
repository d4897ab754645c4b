"""The main window: composes menus, toolbar, docks, status bar and workspace."""

import logging
from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import QAbstractSpinBox, QLineEdit, QMainWindow, QStackedWidget, QWidget

from app.core.errors import AppError, ProjectError, UsageError, VideoNotFoundError
from app.core.settings import ModelSettings
from app.session import Session
from app.storage.project_file import HINT_READ_ONLY
from app.ui.controllers.mask_export import ExportController
from app.ui.controllers.mask_import import ImportController
from app.ui.controllers.model_selection import ModelSelection
from app.ui.controllers.preference_editing import PreferenceEditing
from app.ui.controllers.project_saving import ProjectSaving
from app.ui.controllers.session_opener import SessionOpener, leads_to, path_of
from app.ui.controllers.verification import VerificationController
from app.ui.dialogs import paths
from app.ui.dialogs.errors import show_error, show_missing_video
from app.ui.dialogs.export_dialog import show_export_result
from app.ui.dialogs.shortcuts_dialog import ShortcutsDialog
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.jobs.job_queue import JobQueue
from app.ui.jobs.model_host import ModelHost, ModelLoader
from app.ui.jobs.progress import JobProgress
from app.ui.panels.jobs_panel import JobsPanel
from app.ui.panels.merge_menu import MergeMenu
from app.ui.panels.objects_panel import ObjectsPanel
from app.ui.state.preferences import Preferences
from app.ui.state.recent import progress_text, recent_entries, remember
from app.ui.style.theme import Theme
from app.ui.translation.sentences import error_text
from app.ui.window.action_set import ActionSet, make_keymap, shortcut_rows
from app.ui.window.drop_overlay import DropOverlay
from app.ui.window.layout import WindowLayout, scrollable
from app.ui.window.menu_focus import MenuFocus
from app.ui.window.recent_menu import RecentMenu
from app.ui.window.status_bar import StatusBar
from app.ui.window.welcome import Welcome
from app.ui.window.workspace import Requirement, Workspace

_log = logging.getLogger(__name__)

TITLE = "TinySAM 2 annotator"
SHUTDOWN_MS = 5000
INITIAL_SIZE = QSize(1440, 900)


class MainWindow(QMainWindow):
    """The main window, which displays one session at a time, or the welcome page.

    Args:
        model: the model to use; the one selected last if None.
        load_backend: loads a model; `app.tracking.model_catalog.load_model` if None.

    Signals:
        closed: all threads have ended and the project is closed.
    """

    closed = Signal()
    status: StatusBar
    models: ModelSelection
    importing: ImportController
    exporting: ExportController
    saving: ProjectSaving

    def __init__(
        self, model: ModelSettings | None = None, load_backend: ModelLoader | None = None
    ) -> None:
        super().__init__()
        self.preferences = Preferences()
        self.model_jobs = JobQueue(self)  # jobs that use the model
        self.file_jobs = JobQueue(self)  # jobs that only read and write files
        self.model = ModelHost(model or self.preferences.model, load_backend, self)
        self.opener = SessionOpener(
            self.file_jobs, self.model_jobs, self.model.load, self.preferences, self
        )
        self.models = ModelSelection(
            self.model, self.model_jobs, self.file_jobs, self.preferences, self
        )
        self.importing = ImportController(self.file_jobs, self.preferences, self)
        self.exporting = ExportController(self.file_jobs, self.preferences, self)
        self.editing = PreferenceEditing(
            self.preferences, self.models, lambda: self.model.settings, self
        )
        self.verification = VerificationController(self.file_jobs, self)
        self.saving = ProjectSaving(self.preferences, self)
        self._refresh_timer = QTimer(self, singleShot=True, interval=0)
        self._workspace: Workspace | None = None
        self._is_closing = False  # whether the project was saved so that the window can close
        self.keymap = make_keymap(self.preferences, self)
        self.status = StatusBar(self.keymap, self)
        self.jobs = JobsPanel(self)
        self.welcome = Welcome(self)
        self.drop = DropOverlay(self)
        self._pages = QStackedWidget(self)
        self.panels = WindowLayout(self)
        self.action_set = ActionSet(self, self.keymap)
        self._compose()
        self._connect()
        self.welcome.show_recent(recent_entries(self.preferences))
        self._show_state()

    def _compose(self) -> None:
        self._pages.addWidget(scrollable(self.welcome))
        self.setCentralWidget(self._pages)
        self.setStatusBar(self.status)
        self.action_set.fill_toolbars(self.panels.commands, self.panels.tools)
        self.panels.fill(jobs=self.jobs)
        recent = RecentMenu(self.preferences, self)
        recent.path_requested.connect(self.open_path)
        self.action_set.menus["File"].insertMenu(self.action_set["Save"], recent)
        self._merge_menu = MergeMenu(
            lambda: None if self._workspace is None else self._workspace.object_editing, self
        )
        rename = self.action_set["Rename object"]
        self.action_set.menus["Object"].insertMenu(rename, self._merge_menu)
        view_menu = self.action_set.menus["View"]
        view_menu.addSeparator()
        view_menu.addActions([dock.toggleViewAction() for dock in self.panels.docks.values()])
        self.resize(INITIAL_SIZE.boundedTo(self.screen().availableSize()))
        if geometry := self.preferences.geometry:
            self.restoreGeometry(geometry)

    def _connect(self) -> None:
        self.welcome.choice_requested.connect(self.ask_open)
        self.welcome.path_requested.connect(self.open_path)
        self.drop.path_dropped.connect(self.open_path)
        self.welcome.models.model_requested.connect(self.models.ask)
        opening = self.tr("Opening {name}…")
        self.opener.opening.connect(lambda p: self.status.show_message(opening.format(name=p.name)))
        self.opener.opened.connect(self._on_opened)
        self.opener.not_opened.connect(lambda path: self.status.clear_message())
        for jobs in (self.model_jobs, self.file_jobs):
            jobs.failed.connect(self._on_failed)
            jobs.progress_changed.connect(self._on_progress)
            self.jobs.cancel_requested.connect(jobs.cancel)
            self.jobs.move_requested.connect(jobs.move)
        self.verification.renumbered.connect(self._reload_workspace)
        self.verification.warned.connect(lambda error: show_error(self, error))
        self.exporting.exported.connect(lambda result: show_export_result(self, result))
        self.saving.message.connect(self.status.show_message)
        self.saving.moved.connect(self._show_state)
        self.saving.failed.connect(self._on_failed)
        self.model.status_changed.connect(self.status.show_model)
        self.status.model_requested.connect(self.models.ask)
        self.models.switched.connect(self._on_switched)
        self.status.cancel_requested.connect(self.cancel_jobs)
        self.status.zoom_requested.connect(
            lambda zoom: self.workspace.canvas.zoom_pan.zoom_to(zoom)
        )
        self.status.frame_requested.connect(lambda frame: self.workspace.navigator.go(frame))
        self._refresh_timer.timeout.connect(self.refresh_actions)
        MenuFocus(self.menuBar(), self.action_set.menus.values(), self._focus_page)

    @property
    def workspace(self) -> Workspace:
        """The workspace of the open session.

        Raises:
            AppError: no session is open.
        """
        if self._workspace is None:
            raise AppError(self.tr("Nothing is open."), self.tr("Open a video first."))
        return self._workspace

    def _on_failed(self, error: AppError) -> None:
        self.saving.keep_changes()  # what should have opened did not
        if isinstance(error, VideoNotFoundError):
            show_missing_video(self, error, lambda: self._locate(error))
        elif isinstance(error, UsageError):  # nothing broke, so a message is enough
            self.status.show_message(error_text(error))
        else:
            show_error(self, error)

    def _locate(self, error: VideoNotFoundError) -> None:
        if video := paths.ask_moved_video(self, self.preferences, error.video):
            self.opener.open(error.project, video)

    def _path_of(self, session: Session) -> Path:
        return path_of(session, self.preferences.projects_folder)

    def open_path(self, path: Path) -> None:
        """Open a video, a frame folder or a project, unless it is already open."""
        if not self._is_shown(path):
            self.opener.open(path)

    def _is_shown(self, path: Path) -> bool:
        folder = self.preferences.projects_folder
        if self._workspace is None or not leads_to(path, self.workspace.session, folder):
            return False
        self.status.show_message(self.tr("{name} is already open.").format(name=path.name))
        return True

    def _on_opened(self, session: Session) -> None:
        if self._workspace is None:
            self._replace(session)
        elif session.read_only and self._is_shown(session.project_path):
            self.opener.close(session)
        else:
            self.saving.release(
                self._workspace.session,
                proceed=partial(self._replace, session),
                retry=partial(self.opener.open, self._path_of(session)),
                refuse=partial(self.opener.close, session),
            )

    def _replace(self, session: Session) -> None:
        """Show a session instead of the open one, which is saved or given up."""
        if self._workspace is None:
            self.panels.show(self.preferences.state)
        else:
            old = self._take_workspace()
            self.opener.close(old, self.saving.is_discarded(old))
            self.saving.keep_changes()
        self._show(session)
        if report := session.read_only or session.notice:
            show_error(self, ProjectError(report, HINT_READ_ONLY if session.read_only else ""))
        self.verification.start(session)
        self.preferences.add_recent(self._path_of(session))

    def _on_switched(self) -> None:
        if self._workspace is not None:
            self._workspace.controller.use_model(self.model.load)
        else:
            self.show_models()

    def _take_workspace(self) -> Session:
        """Remove the workspace and cancel its jobs; return its session, which stays open."""
        old, self._workspace = self.workspace, None
        progress = progress_text(old.session.document, old.session.num_frames)
        remember(self.preferences, self._path_of(old.session), progress, old.canvas.image())
        self.editing.detach()
        self.importing.stop()
        self.exporting.close_dialog()
        self.model_jobs.cancel_all()
        old.tear_down()
        return old.session

    def _reload_workspace(self) -> None:
        self._show(self._take_workspace())

    def _show(self, session: Session) -> None:
        workspace = Workspace(session, self.model_jobs, self.preferences, self.keymap, self)
        self._workspace = workspace
        self.panels.fill(
            objects=workspace.objects, memory=workspace.memory, review=workspace.review
        )
        self._pages.addWidget(workspace.editor)
        self._pages.setCurrentWidget(workspace.editor)
        self.status.set_source(session.source)
        self.editing.attach(workspace.view, workspace.loader)
        self.status.show_frame(workspace.view.frame)
        workspace.view.frame_changed.connect(self.status.show_frame)
        workspace.view.tool_changed.connect(self.status.show_tool)
        workspace.loader.loaded.connect(self.status.keep_pixels)
        workspace.canvas.cursor_moved.connect(self.status.show_cursor)
        workspace.message.connect(self.status.show_message)
        workspace.changed.connect(self._refresh_timer.start)
        workspace.controller.engine_unprepared.connect(
            lambda: workspace.preparation.start(self.model.settings)
        )
        workspace.preparation.running_changed.connect(self.status.show_preparing)
        canvas = workspace.canvas
        canvas.zoom_pan.changed.connect(lambda: self.status.show_zoom(canvas.zoom_pan.zoom))
        self.status.show_zoom(canvas.zoom_pan.zoom)
        self.status.frame_entered.connect(workspace.canvas.setFocus)
        workspace.canvas.setFocus()
        self._show_state()

    def _show_state(self) -> None:
        name = self._workspace.session.source.name if self._workspace else ""
        project = self._workspace.session.project_path.name if self._workspace else ""
        if self._workspace and self._workspace.session.read_only:
            project += self.tr(" (read-only)")
        self.setWindowTitle(f"{name} - {project} - {TITLE}" if name else TITLE)
        self.refresh_actions()

    def show_models(self) -> None:
        """List the models on the start page, in the background."""
        self.models.report(
            lambda available, settings: self.welcome.models.show_models(available.models, settings)
        )

    def ask_open(self, ask: Callable[[QWidget, Preferences], Path | None]) -> None:
        """Let the user select a path with a function of `dialogs.paths`, and open it."""
        if path := ask(self, self.preferences):
            self.open_path(path)

    def open_snapshot(self) -> None:
        """Let the user select a snapshot of the open project, and open it read-only."""
        if path := paths.ask_snapshot(self, self.workspace.session.snapshots_folder):
            self.open_path(path)

    def cancel_jobs(self) -> bool:
        """Cancel the listed jobs; return whether there were any."""
        return any([jobs.cancel_listed() for jobs in (self.model_jobs, self.file_jobs)])

    def escape(self) -> None:
        """Leave a text field, else cancel a gesture, else stop the jobs."""
        if self._workspace is None:
            return
        canvas = self._workspace.canvas
        if isinstance(self.focusWidget(), QLineEdit | QAbstractSpinBox):
            canvas.setFocus()
        elif not (self._workspace.suggestion_overlay.dismiss() or canvas.cancel_gesture()):
            self.cancel_jobs()

    def _focus_page(self) -> None:
        (self._workspace.canvas if self._workspace else self.welcome).setFocus()

    def use_theme(self, theme: Theme) -> None:
        """Apply a theme and store it in the preferences."""
        self.preferences.theme = theme
        self.editing.apply("theme")

    def toggle_patterns(self) -> None:
        """Hatch masks or not, and store it in the preferences."""
        self.preferences.shows_patterns = not self.preferences.shows_patterns
        self.editing.apply("shows_patterns")

    def edit_preferences(self) -> None:
        """Open the preferences."""
        self.editing.ask(self.edit_shortcuts).changed.connect(self.refresh_actions)

    def edit_shortcuts(self) -> None:
        """Open the editor of the keyboard shortcuts."""
        ShortcutsDialog(shortcut_rows(), self.action_set.keymap, self).open()

    def objects_panel(self) -> ObjectsPanel:
        """Return the objects panel; it is shown if it was closed."""
        self.panels.docks["Objects"].show()
        return self.workspace.objects

    def available(self) -> set[Requirement]:
        """Return which requirements of actions are fulfilled now."""
        found = {Requirement.NOTHING}
        if self._workspace is not None:
            found |= self._workspace.available()
        if self.model_jobs.running or self.file_jobs.running:
            found.add(Requirement.JOB)
        return found

    def refresh_actions(self) -> None:
        """Update the enabled and checked state of the actions."""
        available = self.available()
        self.action_set.refresh(available)
        self._merge_menu.setEnabled(Requirement.OBJECT in available)

    def _on_progress(self, progress: JobProgress) -> None:
        running = [*self.model_jobs.running, *self.file_jobs.running]
        self.jobs.show_progress(progress, running)
        self.status.show_progress(running)
        if progress.outcome is not None or not progress.done:
            self.refresh_actions()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Close the window, once its project is on disk; a dialog asks if it cannot be written."""
        session = self._workspace.session if self._workspace else None
        if session is None or self._is_closing or self.saving.is_releasable(session):
            self._shut_down()
            event.accept()
            self.closed.emit()
        else:
            event.ignore()
            self.saving.release(session, partial(self._close, session), retry=self.close)

    def _close(self, saved: Session) -> None:
        """Close the window after a session was saved, whatever a running job has changed since."""
        if self._workspace is not None and self._workspace.session is saved:
            self._is_closing = True
            self.close()

    def _shut_down(self) -> None:
        """Store the layout, end all threads and close the project."""
        self.preferences.geometry = self.saveGeometry()
        if self._workspace is not None:
            self.preferences.state = self.saveState()
        self.hide()  # what follows may wait for a job's step
        session = self._take_workspace() if self._workspace else None
        for jobs in (self.model_jobs, self.file_jobs):
            while not jobs.shutdown(SHUTDOWN_MS):
                _log.warning("a job has not ended yet; finished work is saved")
        FrameLoader.wait_for_all()
        if session is not None:
            try:
                session.close()
            except ProjectError:  # what jobs delivered since, or what the user gave up
                _log.warning("changes were not saved", exc_info=True)
                session.abandon()
        self.opener.abandon()
