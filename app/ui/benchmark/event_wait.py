"""Runs the event loop until something happens, as a person waits for the window."""

from collections.abc import Callable

from PySide6.QtCore import QEventLoop, QTimer, SignalInstance

from app.core.errors import AppError

TIMEOUT_S = 300


class EventWait:
    """Waits for signals on the GUI thread; an error that was reported meanwhile is raised."""

    def __init__(self) -> None:
        self._loop = QEventLoop()
        self._error: AppError | None = None
        self._timer = QTimer(singleShot=True, interval=TIMEOUT_S * 1000)
        self._timer.timeout.connect(self._on_timeout)

    def fail(self, error: AppError) -> None:
        """End the current or the next wait with an error."""
        self._error = error
        self._loop.quit()

    def until(
        self,
        signal: SignalInstance,
        act: Callable[[], object],
        is_wanted: Callable[..., bool] = lambda *values: True,
    ) -> None:
        """Act, and return when a signal has come with the wanted values.

        Args:
            signal: what to wait for.
            act: causes it; called once the signal is connected.
            is_wanted: called with the values of the signal.

        Raises:
            AppError: `fail` was called, or the signal did not come in `TIMEOUT_S` seconds.
        """
        has_come = False

        def on_signal(*values: object) -> None:
            nonlocal has_come
            if not has_come and is_wanted(*values):
                has_come = True
                self._loop.quit()

        connection = signal.connect(on_signal)
        try:
            act()
            if not has_come and self._error is None:
                self._timer.start()
                self._loop.exec()
        finally:
            self._timer.stop()
            signal.disconnect(connection)
        if self._error is not None:
            raise self._error

    def _on_timeout(self) -> None:
        self.fail(AppError(f"The window did not respond within {TIMEOUT_S} s."))
