"""Ratings of the page's own conversations, given by name through the app's functions.

They stand in a store like every other rating. What was said is not copied there: an item names its
conversation by a digest that leads back to it only for whoever has the conversation's id, and the rating goes
with the conversation when that is deleted.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.concurrency import run_in_threadpool

from annotations.records import Assignment, Candidate, Draft, Item, Rater, Scale, Study, Target, Withdrawal
from annotations.store import Store
from mascot.errors import InputError, NotFoundError, StoreError
from mascot.settings import Settings
from mascot.ui.visitors import Visitors
from studies.design.instruments import Instrument, instruments
from studies.design.study import APP

if TYPE_CHECKING:
    from mascot.live.service import Live

_INSTRUMENTS = ("companion-group", "overall")
_LEASE = 10 * 365 * 86_400.0
"""Seconds for which a conversation can be rated anew by whoever holds its id."""


def ratings_url(settings: Settings) -> str:
    """Where they are kept: beside the conversations, or in the database server that everything shares."""
    if settings.store.startswith("postgresql"):
        return settings.store
    return f"sqlite:///{settings.home / 'ratings.db'}"


class Ratings:
    """The function `rate`.

    Args:
        store: where ratings are kept.
        live: whose conversations are rated.
        visitors: who tells visitors apart.
    """

    def __init__(self, store: Store, live: Live, visitors: Visitors) -> None:
        self._store = store
        self._live = live
        self._visitors = visitors
        known = instruments()
        self._scales: dict[str, Instrument] = {
            item.id: known[name] for name in _INSTRUMENTS for item in known[name].items
        }
        store.add_study(Study(id=APP, criteria=tuple(self._scales), lease_seconds=_LEASE))
        live.also_delete(self._forget)

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.rate]

    async def rate(
        self,
        conversation: str,
        criterion: str,
        value: float,
        key: str,
        request: gr.Request = None,  # pyright: ignore[reportArgumentType] - Gradio gives it
    ) -> dict[str, Any]:
        """Rate a conversation; it is saved when this returns. Rating by the same criterion again replaces it.

        Args:
            conversation: its id.
            criterion: fidelity, originality-specificity, relevance-coherence, engagement-contribution (each 1
                to 5), or overall-help (0 to 100).
            value: a point on that scale.
            key: 8 to 64 characters of the caller's own; sent again with the same key, it is still one rating.

        Returns:
            answer (the rating's number in the store) and at (when it was saved).
        """
        visitor = self._visitors.name(request)  # pyright: ignore[reportArgumentType] - it wraps the server's
        return await run_in_threadpool(self._save, conversation, criterion, value, key, visitor)

    def _save(
        self, conversation: str, criterion: str, value: float, key: str, visitor: str
    ) -> dict[str, Any]:
        self._must_fit(criterion, value, key)
        self._live.title(conversation)  # an unknown one is not rated
        self._live.table().limits.message(visitor)
        name = _name(conversation)
        assignment = self._assignment(name)
        draft = Draft(criterion=criterion, value=Scale(value=value), target=Target(candidate=0))
        receipt = self._store.submit(assignment.id, name, [draft], f"{name}/{key}", complete=True)
        return {"answer": receipt.answers[0], "at": receipt.at.isoformat()}

    def _assignment(self, name: str) -> Assignment:
        """The conversation in the hands of its person; each step has its own key and is done once."""
        item = Item(
            id=name,
            study=APP,
            kind="dialogue",
            dialogue=name,
            candidates=(Candidate(arm="group"),),
            owner=name,
        )
        self._store.add_rater(Rater(id=name))
        self._store.add_items([item], f"{name}/item")
        assignment = self._store.lease(APP, name, f"{name}/lease", item=name)
        if not isinstance(assignment, Assignment):
            raise StoreError("this conversation cannot be rated any more")
        return assignment

    def _must_fit(self, criterion: str, value: float, key: str) -> None:
        if criterion not in self._scales:
            raise InputError(f"criterion: {criterion!r} is none of {', '.join(self._scales)}")
        scale = self._scales[criterion]
        if not scale.low <= value <= scale.high or (value - scale.low) % scale.step:
            raise InputError(
                f"value: {value:g} is no point of {criterion}: from {scale.low:g} to {scale.high:g} in "
                f"steps of {scale.step:g}"
            )
        if not 8 <= len(key) <= 64:
            raise InputError(f"key: has {len(key)} characters, it needs 8 to 64")

    def _forget(self, conversations: Sequence[str]) -> None:
        """A conversation that is deleted takes its ratings along."""
        for conversation in conversations:
            name = _name(conversation)
            with contextlib.suppress(NotFoundError):  # nobody has rated it
                self._store.withdraw(Withdrawal(rater=name, erase=True), f"{name}/deleted")


def _name(conversation: str) -> str:
    """What the conversation, and who rated it, are called in the store."""
    return f"talk-{hashlib.sha256(conversation.encode()).hexdigest()[:32]}"
