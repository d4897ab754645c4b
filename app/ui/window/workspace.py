"""The widgets and controllers of one open session."""

from enum import Enum, auto

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QDialog, QSplitter, QWidget

from app.session import Session
from app.ui.canvas.suggestions import SuggestionOverlay
from app.ui.canvas.view import CanvasView
from app.ui.controllers.annotation import AnnotationController
from app.ui.controllers.engine_preparation import PreparationProcess
from app.ui.controllers.hand_work import HandWorkProtection
from app.ui.controllers.mask_cleanup import MaskCleanupController
from app.ui.controllers.memory_inspection import MemoryInspection
from app.ui.controllers.navigation import Navigator, Player
from app.ui.controllers.objects import ObjectsController
from app.ui.controllers.policy_comparison import PolicyComparison
from app.ui.controllers.review import ReviewController
from app.ui.controllers.run_comparison import RunComparison
from app.ui.controllers.suggestions import SuggestionController
from app.ui.controllers.tracking import TrackingController
from app.ui.controllers.view_restoring import ViewRestoring
from app.ui.jobs.frame_loader import FrameLoader
from app.ui.jobs.job_queue import JobQueue
from app.ui.panels.memory_panel import MemoryPanel
from app.ui.panels.objects_panel import ObjectsPanel
from app.ui.panels.review_panel import ReviewPanel
from app.ui.state.document_bridge import DocumentBridge
from app.ui.state.keymap import Keymap
from app.ui.state.preferences import Preferences
from app.ui.state.review_state import ReviewState
from app.ui.state.view_state import ViewState
from app.ui.timeline.view import TimelineView

OBJECTS_MIN_WIDTH_PX = 200
TIMELINE_PX = 250  # initial height, at most a third of the window's


class Requirement(Enum):
    """What must exist for an action to be enabled."""

    NOTHING = auto()
    SESSION = auto()
    OBJECT = auto()
    MASK = auto()
    PROMPT = auto()
    JOB = auto()
    UNDO = auto()
    REDO = auto()
    RUN = auto()


class Workspace(QObject):
    """Owns everything that exists as long as one session is displayed.

    Call `tear_down` before the session is closed.

    Attributes:
        editor: canvas above timeline.
        objects, memory, review: panels for the docks.

    Signals:
        message: text for the status bar.
        changed: the enabled or checked state of actions may have changed.
    """

    message = Signal(str)
    changed = Signal()

    session: Session
    view: ViewState
    controller: AnnotationController
    object_editing: ObjectsController
    tracking: TrackingController
    comparison: RunComparison
    reviewing: ReviewController
    suggesting: SuggestionController
    suggestion_overlay: SuggestionOverlay
    navigator: Navigator
    player: Player
    inspection: MemoryInspection
    canvas: CanvasView
    objects: ObjectsPanel

    def __init__(
        self,
        session: Session,
        jobs: JobQueue,
        preferences: Preferences,
        keymap: Keymap,
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.session = session
        self.editor = QSplitter(Qt.Orientation.Vertical)  # also the parent of the session's dialogs
        self.bridge = DocumentBridge(session.document, self)
        self.view = ViewState(session.num_frames, self)
        self.loader = FrameLoader(session.source, self, session.proxy)
        self.object_editing = ObjectsController(session, self.view, self)
        self.controller = AnnotationController(
            session, self.view, self.object_editing, jobs, preferences, self
        )
        self.preparation = PreparationProcess(session.source.path, self)
        self.cleanup = MaskCleanupController(session, self.view, jobs, self)
        self.protection = HandWorkProtection(session.document, preferences, self.editor)
        self.tracking = TrackingController(
            session, self.view, jobs, preferences, self.protection, self
        )
        self.policies = PolicyComparison(session, self.view, jobs, self.protection, self.editor)
        self.comparison = RunComparison(session, self.bridge, self.view, self)
        self.navigator = Navigator(session, self.view, self)
        self.player = Player(session, self.view, self)
        self.inspection = MemoryInspection(session.document, self.view, self)
        self.review_state = ReviewState(session, self.bridge, self.view, self)
        self.review_state.threshold = preferences.review_threshold
        self.reviewing = ReviewController(session, self.view, self.review_state, jobs, keymap, self)
        self.suggesting = SuggestionController(session, self.view, jobs, self)
        self._make_widgets(keymap)
        self._compose_editor(parent.height())
        self._remember_choices(preferences)
        self._connect_requests()
        self._connect_review()
        self._connect_changes()
        self.restoring = ViewRestoring(session, self.view, self.canvas, self)

    def _make_widgets(self, keymap: Keymap) -> None:
        shared = self.session, self.bridge, self.view
        self.review = ReviewPanel(self.session, self.review_state, self.view, keymap)
        self.objects = ObjectsPanel(*shared, self.object_editing)
        self.memory = MemoryPanel(*shared, self.loader)
        self.objects.setMinimumWidth(OBJECTS_MIN_WIDTH_PX)
        self.canvas = CanvasView(*shared, self.loader, keymap)
        self.suggestion_overlay = SuggestionOverlay(self.canvas, keymap)
        self.timeline = TimelineView(*shared, self.loader, self.review_state)

    def _compose_editor(self, height_px: int) -> None:
        for widget, stretch in ((self.canvas, 1), (self.timeline, 0)):
            self.editor.addWidget(widget)
            self.editor.setStretchFactor(self.editor.indexOf(widget), stretch)
            self.editor.setCollapsible(self.editor.indexOf(widget), False)
        timeline_px = min(TIMELINE_PX, height_px // 3)
        self.editor.setSizes([height_px - timeline_px, timeline_px])

    def _remember_choices(self, preferences: Preferences) -> None:
        """Show the score curves that were chosen last; store these and the review threshold."""
        curves, review = self.timeline.curves, self.review_state

        def store_threshold() -> None:
            if review.threshold != preferences.review_threshold:
                preferences.review_threshold = review.threshold

        def store_curves() -> None:
            preferences.shown_curves = curves.shown

        if preferences.shown_curves is not None:
            curves.show_only(preferences.shown_curves)
        curves.changed.connect(store_curves)
        review.changed.connect(store_threshold)

    def _connect_requests(self) -> None:
        canvas, timeline, memory = self.canvas, self.timeline, self.memory
        controller = self.controller
        canvas.point_requested.connect(controller.add_point)
        canvas.point_moved.connect(controller.move_point)
        canvas.point_removed.connect(controller.delete_point)
        canvas.box_requested.connect(controller.set_box)
        canvas.stroke_finished.connect(controller.paint)
        canvas.stroke_replaced.connect(controller.repaint)
        canvas.message.connect(self.message)
        canvas.preview_requested.connect(controller.preview)
        canvas.preview_ended.connect(controller.end_preview)
        controller.previewed.connect(canvas.show_preview)
        for gesture in (canvas.gesture_started, canvas.preview_requested):
            gesture.connect(self.tracking.stop_following)
        timeline.frame_requested.connect(self.navigator.go)
        timeline.range_requested.connect(controller.set_range)
        timeline.object_activated.connect(self.view.activate)
        memory.frame_requested.connect(self.navigator.go)
        memory.constraint_requested.connect(controller.constrain)
        memory.map_requested.connect(self.inspection.inspect)
        memory.back_requested.connect(self.inspection.back)
        self.tracking.run_started.connect(self.comparison.add)
        self.tracking.run_started.connect(self.suggesting.dismiss)
        self.tracking.frame_tracked.connect(self.comparison.compare)
        self.tracking.run_ended.connect(self.comparison.announce)
        for source in (
            controller,
            self.object_editing,
            self.cleanup,
            self.tracking,
            self.comparison,
            self.navigator,
            self.policies,
            self.objects,
            self.preparation,
        ):
            source.message.connect(self.message)
        self.preparation.prepared.connect(controller.preload)
        self.loader.failed.connect(lambda frame, sentence: self.message.emit(sentence))

    def _connect_review(self) -> None:
        self.review.run_requested.connect(self.reviewing.visit)
        self.review.next_requested.connect(self.reviewing.visit_next)
        self.review.run_verified.connect(self.reviewing.verify_run)
        self.review.comparison_requested.connect(self.reviewing.compare_directions)
        self.suggesting.suggested.connect(self.suggestion_overlay.show_masks)
        self.reviewing.message.connect(self.message)
        self.suggesting.message.connect(self.message)
        self.suggestion_overlay.accepted.connect(self.suggesting.accept)

    def _connect_changes(self) -> None:
        for signal in (
            self.bridge.changed,
            self.view.frame_changed,
            self.view.active_object_changed,
            self.view.tool_changed,
            self.view.overlay_changed,
            self.player.playing_changed,
            self.tracking.changed,
        ):
            signal.connect(self.changed)

    def available(self) -> set[Requirement]:
        """Return which requirements of actions the session fulfills now."""
        document, active = self.session.document, self.view.active_object
        found = {Requirement.SESSION}
        if active is not None:
            found.add(Requirement.OBJECT)
            if self.controller.active_mask is not None:
                found.add(Requirement.MASK)
            if not document.prompts(active, self.view.frame).is_empty:
                found.add(Requirement.PROMPT)
        if self.session.history.undo_label is not None:
            found.add(Requirement.UNDO)
        if self.session.history.redo_label is not None:
            found.add(Requirement.REDO)
        if self.comparison.is_available:
            found.add(Requirement.RUN)
        return found

    def tear_down(self) -> None:
        """Disconnect and delete the widgets and controllers; the session stays open."""
        self.changed.disconnect()
        self.restoring.store()
        self.player.pause()
        self.preparation.stop()
        for dialog in self.editor.findChildren(QDialog):
            dialog.reject()
        self.bridge.close()
        self.loader.shutdown()
        for widget in (self.editor, self.objects, self.memory, self.review):
            widget.setParent(None)
            widget.deleteLater()
        self.deleteLater()
