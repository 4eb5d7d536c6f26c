"""What `gradio_client`, and an MCP client, can call by name: a turn, a conversation, its export.

Each takes and gives plain JSON; the docstrings are what clients show. A conversation begun here is one like
those of the page: in the journal, under its id, which is its key, and deleted the same way.
"""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr
from starlette.concurrency import run_in_threadpool

from mascot.conversation.events import Crisis, Directive, Interrupted, UserSaid, Utterance, Yielded
from mascot.errors import InputError
from mascot.live.export import to_json, to_markdown
from mascot.safety.message import crisis_message
from mascot.ui.visitors import Visitors

if TYPE_CHECKING:
    from mascot.live.journal import Entry
    from mascot.live.service import Live

_LOOK = 5.0
"""Seconds after which somebody who waits for a round looks by themselves."""
_EXPORTS = {"json": to_json, "markdown": to_markdown}


class Functions:
    """The functions; `all` is what the page takes."""

    def __init__(self, live: Live, visitors: Visitors) -> None:
        self._live = live
        self._visitors = visitors

    @property
    def all(self) -> list[Callable[..., Any]]:
        return [self.turn, self.conversation, self.export]

    async def turn(
        self,
        message: str,
        conversation: str = "",
        key: str = "",
        acknowledge: bool = False,
        request: gr.Request = None,  # pyright: ignore[reportArgumentType] - Gradio gives it
    ) -> dict[str, Any]:
        """Say something to the group and wait for its round: what each persona said, led by which directive.

        Args:
            message: what the person says, at most 4,000 characters. "@Catalyst" asks one of them.
            conversation: id of an earlier answer, to go on; empty begins a new conversation.
            key: 8 to 64 characters of the caller's own; sent again with it, it is still one message.
            acknowledge: true after a message about help was read, so that the conversation can go on.

        Returns:
            conversation (its id, which is its key), utterances, yield, and crisis: if set, the personas are
            silent, and it is what must be shown to the person.
        """
        visitor = self._visitors.name(request)  # pyright: ignore[reportArgumentType] - it wraps the server's

        def say() -> tuple[str, int]:
            if key and not 8 <= len(key) <= 64:
                raise InputError(f"key: has {len(key)} characters, it needs 8 to 64")
            id = conversation or self._open(visitor)
            if acknowledge:
                self._live.acknowledge(id)
            return id, self._live.say(id, message, key=key, visitor=visitor)

        id, seq = await run_in_threadpool(say)
        return self._told(id, await self._round(id, seq))

    async def conversation(self, conversation: str) -> dict[str, Any]:
        """Read a conversation: its title, and who said what.

        Args:
            conversation: its id.

        Returns:
            conversation, title, and turns: speaker ("user" or a persona's id), name and text of each.
        """

        def read() -> dict[str, Any]:
            title, entries = self._live.title(conversation), self._live.entries(conversation)
            turns = [turn for entry in entries if (turn := self._turn_of(entry))]
            return {"conversation": conversation, "title": title, "turns": turns}

        return await run_in_threadpool(read)

    async def export(self, conversation: str, format: str = "json") -> str:
        """Export a conversation as a file's text.

        Args:
            conversation: its id.
            format: "json" (every event, with the personas' cards) or "markdown" (to read).

        Returns:
            The file's text.
        """
        if format not in _EXPORTS:
            raise InputError(f"format: {format!r} is none of {', '.join(_EXPORTS)}")

        def write() -> str:
            title, entries = self._live.title(conversation), self._live.entries(conversation)
            return _EXPORTS[format](title, entries, self._live.cast)

        return await run_in_threadpool(write)

    def _open(self, visitor: str) -> str:
        id = self._live.open(secrets.token_hex(16), visitor=visitor)
        self._live.set_pace(id, "immediate")
        return id

    async def _round(self, id: str, seq: int) -> list[Entry]:
        """What happened after a message, once the floor is the person's again, or they spoke anew."""
        news, loop = asyncio.Event(), asyncio.get_running_loop()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop may already be closed when the server stops
                loop.call_soon_threadsafe(news.set)

        unsubscribe = self._live.listen(id, wake)
        try:
            while True:
                news.clear()
                entries = await run_in_threadpool(self._live.entries, id, seq)
                for at, entry in enumerate(entries):
                    if isinstance(entry.event, Yielded | Crisis | UserSaid):
                        return entries[: at + 1]
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(news.wait(), _LOOK)
        finally:
            unsubscribe()

    def _told(self, id: str, entries: list[Entry]) -> dict[str, Any]:
        told: dict[str, Any] = {"conversation": id, "utterances": [], "yield": None, "crisis": None}
        directive: Directive | None = None
        for entry in entries:
            match entry.event:
                case Directive() as event:
                    directive = event
                case Utterance() | Interrupted() as event if event.text:
                    led = {"action": directive.action, "tone": directive.tone} if directive else {}
                    told["utterances"].append(
                        {
                            "agent": event.agent,
                            "name": self._live.cast[event.agent].name,
                            "text": event.text,
                            "interrupted": isinstance(event, Interrupted),
                            **led,
                        }
                    )
                case Yielded() as event:
                    told["yield"] = {"reason": event.reason, "line": event.line}
                case Crisis() as event:
                    told["crisis"] = asdict(crisis_message(event.kind))
                case _:
                    pass
        return told

    def _turn_of(self, entry: Entry) -> dict[str, Any] | None:
        match entry.event:
            case UserSaid() as event:
                return {"speaker": "user", "name": "You", "text": event.text}
            case Utterance() | Interrupted() as event if event.text:
                name = self._live.cast[event.agent].name if event.agent in self._live.cast else event.agent
                return {"speaker": event.agent, "name": name, "text": event.text}
        return None
