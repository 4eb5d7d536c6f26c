"""A round in a thread of its own, its events for whoever waits for them in the server's loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator, Callable

from mascot.conversation.events import Event
from mascot.errors import EngineError, MascotError
from mascot.interop.round import Round
from mascot.interop.wire import Finish

LOOK = 1.0
"""Seconds of silence after which the waiting side is told that there is nothing yet."""

_log = logging.getLogger(__name__)


class Happening:
    """A round that is being held. `stop` ends it at its next word, however far it is.

    Args:
        make: gives the round, which ends soon after what it is given is set.
    """

    def __init__(self, make: Callable[[threading.Event], Round]) -> None:
        self._cancel = threading.Event()
        self._round = make(self._cancel)
        self._loop = asyncio.get_running_loop()
        self._ready: asyncio.Queue[Event | MascotError | None] = asyncio.Queue()

    @property
    def finish(self) -> Finish:
        """Why it ended, once it has."""
        return "length" if self._round.used_up else "stop"

    async def events(self) -> AsyncIterator[Event | None]:
        """What happens, and None for each second in which nothing does.

        Raises:
            MascotError: the round could not be held to its end.
        """
        threading.Thread(target=self._work, name="round", daemon=True).start()
        while True:
            try:
                item = await asyncio.wait_for(self._ready.get(), LOOK)
            except TimeoutError:
                yield None
                continue
            if item is None:
                return
            if isinstance(item, MascotError):
                raise item
            yield item

    def stop(self) -> None:
        self._cancel.set()

    def _work(self) -> None:
        try:
            for event in self._round.events():
                self._put(event)
        except MascotError as error:
            self._put(error)
        except Exception:  # noqa: BLE001 - whatever failed, the client is answered
            _log.exception("a round failed")
            self._put(EngineError("something went wrong on our side: send it again"))
        finally:
            self._put(None)

    def _put(self, item: Event | MascotError | None) -> None:
        with contextlib.suppress(RuntimeError):  # the loop may already be closed when the server stops
            self._loop.call_soon_threadsafe(self._ready.put_nowait, item)
