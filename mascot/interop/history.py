"""From a client's list of messages to a talk that the group can go on with.

Nobody here remembers a client's conversation: each request brings all of it, and it is forgotten with the
answer. So what the journal of a live conversation would know is worked out anew: who said what, and which of
the person's messages no persona may see.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from mascot.conversation.events import UserSaid, WentOn
from mascot.conversation.personas import Cast
from mascot.conversation.text import clean
from mascot.conversation.transcript import PERSON, Transcript, Turn
from mascot.interop.speech import heard
from mascot.interop.wire import Call, Message, RefusedError
from mascot.live.conversation import MAX_CHARACTERS

GROUP = "mascot-group"
"""The model that is everyone at the table; `mascot-group/ID` is one of them."""
_MESSAGES, _CHARACTERS = 64, 16_000
"""So much from the end is read at all; more does not fit into 4,096 tokens, the longest prompt by default."""
_IN_A_ROW = 8
"""Messages of the person without an answer between them; all are heard before any is answered."""


@dataclass(frozen=True)
class History:
    """What a request says about the conversation."""

    agent: str | None
    """The persona asked, or None for the group."""
    turns: tuple[Turn, ...]
    """Who said what before the message that is answered, the oldest first."""
    asked: str
    """The message that is answered; empty: the group is to go on."""
    unanswered: tuple[str, ...]
    """What the person said since the last answer, or last of all: if one of these tells of a crisis, help is
    the answer."""
    ignored: tuple[str, ...]
    """What was left aside, in words."""


def models(cast: Cast) -> list[str]:
    """Every model's id."""
    return [GROUP, *(f"{GROUP}/{persona.id}" for persona in cast)]


def read_history(call: Call, cast: Cast) -> History:
    """The conversation in a request.

    Raises:
        RefusedError: an unknown model, a message that is empty or too long, nothing that could be answered.
    """
    agent = _agent(call.model, cast)
    spoken = [(at, m) for at, m in enumerate(call.messages) if m.role in ("user", "assistant")]
    for at, message in spoken:
        if message.role == "user":
            _must_be_sayable(message.text, f"messages.{at}.content")
    kept = _latest([message for _, message in spoken])
    if not any(message.role == "user" for message in kept):
        raise RefusedError("messages: the person has said nothing yet: add a message of the user", "messages")
    ignored = ["system messages"] if len(spoken) < len(call.messages) else []
    turns: list[Turn] = []
    for message in kept:
        said, of_nobody = _turns(message, cast)
        turns += said
        if of_nobody:
            ignored.append("an assistant's words without a speaker's name")
    ends_with_person = kept[-1].role == "user"
    asked = turns.pop().text if ends_with_person else ""
    unanswered = _unanswered([message for _, message in spoken])
    return History(agent, tuple(turns), asked, unanswered, tuple(dict.fromkeys([*ignored, *call.unknown])))


def talk(
    history: History, cast: Cast, policy: str, max_turns: int, seed: int, alarming: Callable[[str], bool]
) -> Transcript:
    """The talk at the moment when the group has the floor; what tells of a crisis is withheld from them."""
    turns = tuple(
        replace(turn, withheld=True) if turn.speaker == PERSON and alarming(turn.text) else turn
        for turn in history.turns
    )
    most = 1 if history.agent else max_turns
    before = Transcript(cast.ids, policy, seed, most, turns, pace="immediate")
    one = (history.agent,) if history.agent else ()
    if not history.asked:
        return replace(before.after(WentOn()), asked=one)
    return before.after(UserSaid(text=history.asked, addressed=one or cast.addressed(history.asked)))


def _agent(model: str, cast: Cast) -> str | None:
    known = models(cast)
    if model not in known:
        raise RefusedError(
            f"the model {model!r} does not exist: there are {', '.join(known)}", "model", "model_not_found"
        )
    return model.removeprefix(GROUP).removeprefix("/") or None


def _must_be_sayable(text: str, where: str) -> None:
    if not clean(text).strip():
        raise RefusedError(f"{where}: the message is empty: write something first", where)
    if len(text) > MAX_CHARACTERS:
        raise RefusedError(
            f"{where}: the message has {len(text):,} characters, at most {MAX_CHARACTERS:,} are "
            "possible: shorten it",
            where,
            "string_above_max_length",
        )


def _turns(message: Message, cast: Cast) -> tuple[list[Turn], str]:
    """What a message says, and what in it nobody at this table has said."""
    if message.role == "user":
        return [Turn(PERSON, clean(message.text))], ""
    said, rest = heard(cast, clean(message.text[-_CHARACTERS:]))
    named = {persona.name.casefold(): persona.id for persona in cast} | {
        persona.id: persona.id for persona in cast
    }
    speaker = named.get(message.name.casefold())
    if rest and speaker:
        return [Turn(speaker, rest), *said], ""
    return said, rest


def _latest(messages: Sequence[Message]) -> list[Message]:
    """The end of the conversation, as much as is read; at least the last message of the person."""
    kept: list[Message] = []
    characters = 0
    for message in reversed(messages[-_MESSAGES:]):
        characters += len(message.text)
        if characters > _CHARACTERS and any(one.role == "user" for one in kept):
            break
        kept.insert(0, message)
    return kept


def _unanswered(kept: Sequence[Message]) -> tuple[str, ...]:
    """The person's last messages in a row, whether or not an answer followed."""
    last = max(at for at, message in enumerate(kept) if message.role == "user")
    first = last
    while first and kept[first - 1].role == "user":
        first -= 1
    if last - first >= _IN_A_ROW:
        raise RefusedError(
            f"messages: at most {_IN_A_ROW} messages of the user in a row are possible: join them", "messages"
        )
    return tuple(clean(message.text) for message in kept[first : last + 1])
