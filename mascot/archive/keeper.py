"""A deed that is done again and again in the background, and once more at the end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mascot.errors import MascotError

_log = logging.getLogger(__name__)


class Keeper:
    """A thread that does something at once, and then every so many seconds.

    A deed that fails with a MascotError is logged, once per reason, and tried again at its next time.
    """

    def __init__(self, name: str, seconds: float, deed: Callable[[], object]) -> None:
        self._seconds = seconds
        self._deed = deed
        self._end = threading.Event()
        self._told = ""
        self._thread = threading.Thread(target=self._keep, name=name, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Do it a last time, and end."""
        self._end.set()
        self._thread.join()

    def _keep(self) -> None:
        ended = False
        while not ended:
            self._do()
            ended = self._end.wait(self._seconds)
        self._do()

    def _do(self) -> None:
        try:
            self._deed()
            self._told = ""
        except MascotError as error:
            if str(error) != self._told:
                _log.warning("%s", error)
            self._told = str(error)
        except Exception:  # noqa: BLE001 - whatever failed once may work the next time
            _log.exception("a task of the background failed")
