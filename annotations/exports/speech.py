"""A conversation of many as chat messages, seen by one of its speakers, by the group, or by the director.

Chat templates know one assistant. So the same talk is written down in three ways:

    speaker    the target speaker is the assistant; everybody else is a user turn with a name
    group      all personas together are the assistant, each turn with its speaker's name in front, as
               the live loop lays a talk out
    director   as the group sees it, and the next directive is the assistant's

A prompt always ends with a user turn that says what is asked for (in the live loop: the cue), because many
a template, and TRL with it, takes a last assistant message for one to be continued.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mascot.conversation.events import Directive, Event
from mascot.conversation.layout import shared
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON, Transcript, Turn

Message = dict[str, str | None]
"""`role`, `name` and `content`."""
GROUP = ""
"""In place of a persona's id: the personas together."""
_THE_DIRECTOR = "director"


@dataclass(frozen=True)
class Told:
    """A turn, and the directive that led to it (None: a person's, or nobody directed)."""

    turn: Turn
    directive: Directive | None = None

    @property
    def by_persona(self) -> bool:
        return self.turn.speaker != PERSON

    @property
    def words(self) -> tuple[str, str]:
        """What makes two turns the same."""
        return self.turn.speaker, self.turn.text


def told(events: Iterable[Event]) -> tuple[Told, ...]:
    """The turns of a conversation, each with its directive; indices are those of `Transcript.turns`."""
    state = Transcript()
    directives: list[Directive | None] = []
    for event in events:
        before, state = state, state.after(event)
        if len(state.turns) > len(before.turns):
            spoken = before.speaking is not None and state.speaking is None
            place = before.began if spoken else len(before.turns)
            directives.insert(place, before.speaking if spoken else None)
    return tuple(Told(turn, directive) for turn, directive in zip(state.turns, directives, strict=True))


@dataclass(frozen=True)
class Passage:
    """A stretch of a conversation with everything that was said before it."""

    speaker: str
    """Whose words the completion is: a persona's id, or `GROUP`."""
    prompt: list[Message]
    completion: list[Message]

    @property
    def text(self) -> str:
        """The completion as one text."""
        return "\n".join(str(message["content"]) for message in self.completion)


def passage(turns: Sequence[Told], start: int, agent: str, cast: Cast) -> Passage | None:
    """What was said from `start` on, by `agent` where one is meant; None where nothing of it was."""
    found = _passages([turns], start, agent, cast)
    return found[0] if found else None


def diverging(
    first: Sequence[Told], second: Sequence[Told], agent: str, cast: Cast
) -> tuple[Passage, Passage] | None:
    """Two continuations of the same talk, from where they part; None where one of them has nothing to say."""
    start = 0
    while start < min(len(first), len(second)) and first[start].words == second[start].words:
        start += 1
    found = _passages([first, second], start, agent, cast)
    return (found[0], found[1]) if found else None


def _passages(talks: Sequence[Sequence[Told]], start: int, agent: str, cast: Cast) -> list[Passage]:
    """The same prompt with each talk's completion; empty where a talk has none."""
    parts = [_heard(turns[start:]) for turns in talks]
    speaker = agent or _only_speaker(parts)
    parts = [_up_to_last(part, speaker) for part in parts]
    if not all(parts):
        return []
    directive = _shared_directive(parts, speaker)
    prompt = _prompt(_heard(talks[0][:start]), speaker, directive, cast)
    return [Passage(speaker, prompt, [_said(each, speaker, cast) for each in part]) for part in parts]


def decision(turns: Sequence[Told], index: int, cast: Cast) -> Passage | None:
    """The directive that led to the turn at `index`, as the director's answer; None where nobody directed."""
    directive = turns[index].directive
    if directive is None:
        return None
    asked = "(Who speaks next, to do what, in which tone?)"
    prompt = [*_table(_heard(turns[:index]), cast), _user(_THE_DIRECTOR, asked)]
    answer = {"agent": directive.agent, "action": directive.action, "tone": directive.tone}
    completion = json.dumps(answer, ensure_ascii=False)
    return Passage(_THE_DIRECTOR, prompt, [{"role": "assistant", "name": None, "content": completion}])


def line(each: Told, cast: Cast) -> str:
    """A turn as one line of a play."""
    return f"{_name(each.turn.speaker, cast)}: {each.turn.text}"


def _heard(turns: Iterable[Told]) -> list[Told]:
    return [each for each in turns if not each.turn.withheld]


def _only_speaker(parts: Iterable[Sequence[Told]]) -> str:
    speakers = {each.turn.speaker for part in parts for each in part if each.by_persona}
    return speakers.pop() if len(speakers) == 1 else GROUP


def _shared_directive(parts: Iterable[Sequence[Told]], speaker: str) -> Directive | None:
    """What the speaker was told to do next, if that was the same in every part."""
    directives = [part[0].directive for part in parts if part[0].turn.speaker == speaker]
    bidden = {(d.action, d.tone) if d else None for d in directives}
    return directives[0] if len(bidden) == 1 else None


def _up_to_last(part: Sequence[Told], speaker: str) -> Sequence[Told]:
    """The part up to the speaker's last turn in it."""
    theirs = [i for i, t in enumerate(part) if (t.turn.speaker == speaker if speaker else t.by_persona)]
    return part[: theirs[-1] + 1] if theirs else ()


def _prompt(before: Sequence[Told], speaker: str, directive: Directive | None, cast: Cast) -> list[Message]:
    if speaker == GROUP:
        return [*_table(before, cast), _user(_THE_DIRECTOR, "(The group goes on.)")]
    persona = cast[speaker]
    who = (
        f"You are {persona.name}, {persona.role}, in a talk of a person with a group of companions. "
        f"{persona.voice} {persona.name} {', '.join(persona.does)}. "
        f"{persona.name} does not {', '.join(persona.does_not)}."
    )
    bidden = f": {directive.action}, {directive.tone}" if directive else ""
    talk = [_said(each, speaker, cast) for each in before]
    card: Message = {"role": "system", "name": None, "content": who}
    return [card, *talk, _user(_THE_DIRECTOR, f"({persona.name}, {persona.role}{bidden}.)")]


def _table(before: Sequence[Told], cast: Cast) -> list[Message]:
    """The table and the talk so far, as every persona is shown them in the live loop."""
    transcript = Transcript(cast=cast.ids, turns=tuple(each.turn for each in before))
    return [{"role": m.role, "name": None, "content": m.content} for m in shared(transcript, cast)]


def _said(each: Told, speaker: str, cast: Cast) -> Message:
    turn = each.turn
    if turn.speaker == PERSON:
        return _user("person", turn.text)
    if turn.speaker == speaker:
        return {"role": "assistant", "name": _name(speaker, cast), "content": turn.text}
    if speaker == GROUP:
        return {"role": "assistant", "name": _name(turn.speaker, cast), "content": line(each, cast)}
    # Most templates drop `name`; the words have to say whose they are by themselves.
    return _user(_name(turn.speaker, cast), line(each, cast))


def _user(name: str, content: str) -> Message:
    return {"role": "user", "name": name, "content": content}


def _name(speaker: str, cast: Cast) -> str:
    return "Person" if speaker == PERSON else cast[speaker].name
