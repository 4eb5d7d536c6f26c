"""The fixed message that takes the personas' place when the crisis recogniser fires.

The page speaks here, no persona does. The words are the same each time, so that people who know the work can
check them: name what was heard, say that the person matters, give one thing to do now, promise nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from mascot.safety.resources import INTERNATIONAL, Line, resources_for

_SUICIDE = (
    "You matter, and you don't have to carry this alone",
    "It sounds as if you, or someone close to you, may be in great pain or thinking about suicide or "
    "self-harm. Thank you for saying it here. We are a program and can't keep anybody safe, but "
    "people can, right now. Please reach out to one of the lines below, or to someone near you, and "
    "move away from anything that could be used to do harm. If there is danger at this moment, call "
    "{emergency}.",
)
_WORDS = {
    "suicide": _SUICIDE,
    "self_harm": _SUICIDE,
    "abuse": (
        "You deserve to be safe",
        "It sounds as if someone is being hurt or threatened. That is not your fault. We are a "
        "program and can't protect anybody, but there are people who listen, believe you and know "
        "what can be done, at your pace. If you are in danger now, call {emergency}, or get to a "
        "place with other people. If someone checks this device, close this page when you are done.",
    ),
    "violence": (
        "Let's make sure that nobody gets hurt",
        "It sounds as if someone may be about to be hurt. If anybody is in danger now, call "
        "{emergency}. If the urge is your own, please put distance between you and the other person "
        "and anything that could hurt them, and talk to someone before anything else. We are a "
        "program; the people below can help.",
    ),
    "medical": (
        "This may need medical help right now",
        "It sounds as if this could be a medical emergency. Please call {emergency} now, even if you "
        "are not sure; they will tell you what to do. If you can, stay with someone and unlock the "
        "door. If something was swallowed or taken, keep the packet at hand. We are a program and "
        "can't judge how serious this is.",
    ),
}


@dataclass(frozen=True)
class CrisisMessage:
    """Plain data for the page: `dataclasses.asdict` of it can be written as JSON."""

    kind: str
    country: str
    title: str
    text: str
    emergency: str
    lines: tuple[Line, ...]
    acknowledge: str = "I have read this"


def crisis_message(kind: str | None, country: str | None = None) -> CrisisMessage:
    """The message for a kind of crisis, with the lines of a country, those for the kind first.

    Args:
        kind: as in a `Verdict`; anything else gets the words for suicide, the safest to show.
        country: ISO 3166 alpha-2 code in any case; unknown or None gives the international lines, which also
            close every country's list.
    """
    kind = kind if kind in _WORDS else "suicide"
    here, everywhere = resources_for(country), resources_for(None)
    fitting = [line for line in here.lines if kind in line.kinds]
    rest = [line for line in here.lines if kind not in line.kinds]
    wider = [] if here.code == INTERNATIONAL else list(everywhere.lines)
    title, text = _WORDS[kind]
    return CrisisMessage(
        kind=kind,
        country=here.code,
        title=title,
        text=text.format(emergency=here.emergency),
        emergency=here.emergency,
        lines=(*fitting, *wider, *rest),
    )
