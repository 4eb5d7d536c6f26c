"""A conversation as a file: JSON with everything, Markdown to read."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from mascot.conversation.events import Crisis, Interrupted, Opened, Speech, UserSaid, Utterance
from mascot.conversation.personas import Cast
from mascot.live.journal import Entry

FORMAT = "mascot-conversation/1"


def to_json(title: str, entries: Sequence[Entry], cast: Cast) -> str:
    """Every event with its place and time (UTC), and the personas' cards."""
    at_table = _cast(entries, cast)
    document = {
        "format": FORMAT,
        "title": title,
        "personas": [persona.model_dump(mode="json") for persona in at_table],
        "events": [
            {"seq": e.seq, "at": e.at.isoformat(), **e.event.model_dump(mode="json", exclude={"key"})}
            for e in entries
            if not isinstance(e.event, Speech)
        ],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def to_markdown(title: str, entries: Sequence[Entry], cast: Cast) -> str:
    """What was said, and by whom."""
    lines = [f"# {_plain(title)}", ""]
    if entries:
        lines += [f"*{entries[0].at:%d %B %Y, %H:%M} UTC. The companions are programs, not clinicians.*", ""]
    names = {persona.id: _plain(f"{persona.name}, {persona.role}") for persona in cast}
    for entry in entries:
        event = entry.event
        if isinstance(event, UserSaid):
            lines += ["**You**", "", *_quoted(event.text), ""]
        elif isinstance(event, Utterance):
            lines += [f"**{names.get(event.agent, event.agent)}**", "", *_quoted(event.text), ""]
        elif isinstance(event, Interrupted) and event.text:
            lines += [
                f"**{names.get(event.agent, event.agent)}** (interrupted)",
                "",
                *_quoted(event.text + " —"),
                "",
            ]
        elif isinstance(event, Crisis):
            lines += ["*The page showed where to find help.*", ""]
    return "\n".join(lines).rstrip() + "\n"


def _cast(entries: Sequence[Entry], cast: Cast) -> Cast:
    opened = entries[0].event if entries else None
    return cast.only(i for i in opened.cast if i in cast) if isinstance(opened, Opened) else cast


def _quoted(text: str) -> list[str]:
    """The text as a quotation, so that nothing in it becomes a heading or a list of ours."""
    return [f"> {_plain(line)}" if line.strip() else ">" for line in text.splitlines()]


def _plain(text: str) -> str:
    """One line with Markdown's and HTML's marks made harmless."""
    text = "".join(f"\\{c}" if c in "\\`*_{}[]<>#|!~&$" else c for c in " ".join(text.split()))
    return re.sub(r"^(\d*)([-+=.)])", r"\1\\\2", text)
