"""The crisis recogniser for clients that send their whole conversation each time: what was heard once is not
read again. Kept are digests with a secret of this process, in memory only, and what was found."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict

from mascot.safety.recogniser import CrisisRecogniser, Verdict

_REMEMBERED = 20_000
"""Messages whose verdict is kept; beyond, those that were not asked about for longest are read again."""


class Hearing:
    """Verdicts on messages. Safe to use from many threads."""

    def __init__(self, recogniser: CrisisRecogniser) -> None:
        self._recogniser = recogniser
        self._secret = secrets.token_bytes(16)
        self._lock = threading.Lock()
        self._heard: OrderedDict[bytes, Verdict] = OrderedDict()

    def check(self, text: str) -> Verdict:
        """The recogniser's verdict."""
        name = hashlib.blake2b(text.encode(), key=self._secret, digest_size=16).digest()
        with self._lock:
            verdict = self._heard.get(name)
        if verdict is None:
            verdict = self._recogniser.check(text)
        with self._lock:
            self._heard[name] = verdict
            self._heard.move_to_end(name)
            if len(self._heard) > _REMEMBERED:
                self._heard.popitem(last=False)
        return verdict
