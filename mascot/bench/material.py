"""What is asked: histories of a given length out of our own dialogues, and the prompts that peers send.

The history is made of the expert corpus' group dialogues one after another, so that every message has the
length of a real one. Of the peers' prompts the order is what matters and is theirs: a persona's card in the
system message, then the talk (SillyTavern's story string and group nudge, AutoGen's `AssistantAgent`); the
selector's words are the default `selector_prompt` of AutoGen 0.7.5's `SelectorGroupChat`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from mascot.conversation import layout
from mascot.conversation.events import Directive
from mascot.conversation.personas import Cast, Persona
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.corpora.dialogues import group_dialogues

SELECTOR = """You are in a role play game. The following roles are available:
{roles}.
Read the following conversation. Then select the next role from {participants} to play. Only return the role.

{history}

Read the above conversation. Then select the next role from {participants} to play. Only return the role.
"""


@dataclass(frozen=True)
class History:
    """A talk of known length, and what could be said next."""

    transcript: Transcript
    tokens: int
    """Of the table and the talk, as `layout.shared` writes them."""
    next: tuple[Turn, ...]
    """Turns of later dialogues."""

    def after(self, number: int) -> Transcript:
        """The talk and one new turn, another one for each round."""
        turn = self.next[number % len(self.next)]
        return replace(self.transcript, turns=(*self.transcript.turns, turn), seed=number)


def history(tokens: int, cast: Cast, count: Callable[[Prompt], int]) -> History:
    """The shortest history that has at least so many tokens; a longer one begins with the same turns."""
    turns = _all_turns(cast)
    low, high = 1, len(turns) - 1
    while low < high:
        middle = (low + high) // 2
        long_enough = count(_shared(turns[:middle], cast)) >= tokens
        low, high = (low, middle) if long_enough else (middle + 1, high)
    kept = Transcript(cast.ids, turns=turns[:low], floor="group")
    following = tuple(turn for turn in turns[low:] if turn.speaker != PERSON)
    return History(kept, count(_shared(turns[:low], cast)), following or turns[low:])


def ours(transcript: Transcript, cast: Cast, number: int, style: layout.Style) -> Prompt:
    """What our speaker sends in a round, someone else's turn each time."""
    return layout.speak(transcript, cast, directive(cast, number), style)


def directive(cast: Cast, number: int) -> Directive:
    """Whose turn it is in a round."""
    persona = _seat(cast, number)
    action, tone = persona.repertoire[number % len(persona.repertoire)], persona.tones[0]
    return Directive(agent=persona.id, action=action, tone=tone, score=1.0)


def card_first(transcript: Transcript, cast: Cast, number: int) -> Prompt:
    """The same turn as SillyTavern and AutoGen send it."""
    persona = _seat(cast, number)
    said = layout.shared(transcript, cast)[1:]
    nudge = Message("user", f"[Write the next reply only as {persona.name}.]")
    return Prompt((Message("system", card(persona)), *said), (nudge,))


def selector(transcript: Transcript, cast: Cast) -> Prompt:
    """The separate call in which AutoGen asks who speaks next."""
    roles = "\n".join(f"{persona.name}: {persona.summary}" for persona in cast)
    names = str([persona.name for persona in cast])
    said = "\n\n".join(f"{_name(turn, cast)}: {turn.text}" for turn in transcript.heard)
    return Prompt((), (Message("user", SELECTOR.format(roles=roles, participants=names, history=said)),))


def card(persona: Persona) -> str:
    """A persona as the text of a system message."""
    return "\n".join(
        (
            f"You are {persona.name}, {persona.role}. {persona.summary} {persona.voice}",
            *persona.goals,
            f"{persona.name} {', '.join(persona.does)}.",
            f"{persona.name} does not {', '.join(persona.does_not)}.",
            "Answer in one to three sentences.",
        )
    )


def short_talks(count: int, cast: Cast) -> list[Transcript]:
    """So many of our dialogues, each to its end: about 200 tokens apiece.

    Raises:
        ValueError: there are not so many.
    """
    dialogues = group_dialogues()
    if count > len(dialogues):
        raise ValueError(f"there are {len(dialogues)} dialogues, not {count}")
    return [
        Transcript(
            cast.ids, turns=tuple(Turn(t.speaker, t.says) for t in dialogue.turns if t.says), floor="group"
        )
        for dialogue in dialogues[:count]
    ]


def _all_turns(cast: Cast) -> tuple[Turn, ...]:
    seats = {*cast.ids, PERSON}
    spoken = (turn for dialogue in group_dialogues() for turn in dialogue.turns if turn.says)
    return tuple(Turn(turn.speaker, turn.says) for turn in spoken if turn.speaker in seats)


def _shared(turns: tuple[Turn, ...], cast: Cast) -> Prompt:
    return Prompt(layout.shared(Transcript(cast.ids, turns=turns), cast), ())


def _seat(cast: Cast, number: int) -> Persona:
    return cast[cast.ids[number % len(cast.ids)]]


def _name(turn: Turn, cast: Cast) -> str:
    return "User" if turn.speaker == PERSON else cast[turn.speaker].name
