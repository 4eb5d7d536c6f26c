"""How fast words appear: at once, or as fast as one reads."""

from __future__ import annotations

import queue
import re
import threading
from collections.abc import Callable, Iterator

from mascot.conversation.events import Pace

WORDS_PER_SECOND = 4.5
"""Silent reading of fiction, 260 words a minute (Brysbaert 2019), rounded up: one can always wait, but
not read what is not there."""
SENTENCE_PAUSE = 0.35
"""Seconds between sentences."""
_AT_ONCE = 0.06
"""Seconds between commits when words come as fast as they are made: what an eye still sees as flowing."""
_WORD = re.compile(r"\s*\S+")


def paced(words: Iterator[str], pace: Callable[[], Pace], cancel: threading.Event) -> Iterator[str]:
    """The same words in small portions, each when it is due; ends soon after `cancel`.

    `words` is drawn by a thread of its own, so a model never waits for a reader. An error of the source
    is raised here.
    """
    ready: queue.Queue[str | BaseException | None] = queue.Queue()
    threading.Thread(target=_pump, args=(words, ready, cancel), daemon=True, name="words").start()
    while (item := _next(ready, cancel)) is not None:
        if isinstance(item, BaseException):
            raise item
        if pace() == "immediate":
            yield item
            cancel.wait(_AT_ONCE)
            continue
        for word in _WORD.findall(item):
            if cancel.is_set():
                return
            yield word
            fast = pace() == "immediate"
            ends = word[-1] in ".!?…"
            cancel.wait(0.0 if fast else 1 / WORDS_PER_SECOND + (SENTENCE_PAUSE if ends else 0.0))


def _pump(
    words: Iterator[str], ready: queue.Queue[str | BaseException | None], cancel: threading.Event
) -> None:
    try:
        for item in words:
            ready.put(item)
            if cancel.is_set():
                break
    except BaseException as error:  # noqa: BLE001 - it is raised again where it can be handled
        ready.put(error)
    finally:
        ready.put(None)


def _next(
    ready: queue.Queue[str | BaseException | None], cancel: threading.Event
) -> str | BaseException | None:
    while not cancel.is_set():
        try:
            return ready.get(timeout=0.05)
        except queue.Empty:
            continue
    return None
