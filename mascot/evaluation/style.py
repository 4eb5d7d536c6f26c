"""What kind of thing is said: questions, advice, reflections, agreement, by patterns one can read.

Patterns, not judgements: they count how something is put, not whether it helps, and they miss what is put
otherwise. `docs/evaluation.md` says how well they agree with people's labels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from math import log

from mascot.conversation.text import sentences, words

_ADVICE = re.compile(
    r"\byou (?:should|(?:could|might want to|may want to|need to|must|have to|ought to|can) "
    r"(?:also |always |just )?(?!have\b|be\b|feel\b|see\b|hear\b)\w+)|\byou(?:'d| had) better\b"
    r"|\b(?:why don't|why not) you\b|\b(?:how|what) about \w+ing\b|\b(?:i|i'd|i would|would) "
    r"(?:suggest|recommend|advise)\b|\bmy advice\b|\bif i were you\b"
    r"|\bhave you (?:tried|thought about|considered)\b",
    re.I,
)
_BIDDING = re.compile(
    r"(?:^|[.!?,:;–—]\s+)(?:(?:and|then|so|or|but|now|first|next|please|just|also|maybe|perhaps)[ ,]+)*"
    r"(?:try|start|ask|tell|write|send|text|call|ring|phone|book|pick|take|make|set|put|give|go|talk|find|choose|"
    r"list|open|keep|let|consider|remember|plan|block|bring|draft|email|offer|print|say|schedule|use|check|stop|"
    r"reach|focus|begin|remind|share|practi[sc]e|get|do|don't|add|agree|apologi[sc]e|announce|buy|carry|catch|"
    r"clear|copy|cut|decide|drop|eat|freeze|hang|hand|hold|invite|join|leave|learn|lend|look up|mark|meet|"
    r"move|name|note|order|pack|pay|photograph|post|propose|read|record|save|scan|search|sell|show|sign|sit|sleep|"
    r"split|stand|switch|swap|thank|throw|walk|wash|watch|weigh|work|report|describe|point|hide|turn|test|run|visit|wait)\s+"
    r"(?:a|an|the|your|yours?elf|him|her|them|it|me|us|one|two|three|ten|some|every|each|this|that|these|those|to|"
    r"down|up|out|off|for|with|in|at|on|over|about|by|only|no|any|what|which|who|whether|whoever|both)\b",
    re.I,
)
_REFLECTION = re.compile(
    r"\b(?:sounds|seems|feels|looks) (?:like|as if|as though|so|very|really|pretty|quite)\b"
    r"|\byou (?:feel|felt|sound|seem|seemed|must (?:be|feel|have))\b|\byou(?:'re| are| were) feeling\b"
    r"|\byou(?:'re| are| were)\s+(?:\w+\s+){0,2}?(?:\w{2,}(?:ed|ful|ious)|sad|angry|lonely|afraid|proud|glad|"
    r"happy|hurt|torn|sick|guilty|jealous|upset|anxious)\b"
    r"|\bno wonder\b|\bof course you\b|\bi (?:hear|can hear|understand|can see|can imagine)\b"
    r"|\bthat (?:hurts|must|is hard|is a lot|stings)\b",
    re.I,
)
_AGREEMENT = re.compile(
    r"\bi (?:\w+ )?agree\b|\b(?:so|very|quite|absolutely|totally) (?:true|right)\b|^(?:exactly|absolutely|"
    r"indeed|totally|yes|right|true)\b|\b(?:is|are) (?:so |quite |absolutely )?right\b|\bwell (?:said|put)\b"
    r"|\b(?:good|great|excellent) (?:point|question|idea)\b|\b(?:as|like) \w+(?: \w+)? (?:said|says|put)\b",
    re.I,
)
_REFUSAL = re.compile(
    r"\bi(?:'m| am)? ?(?:can't|cannot|can not|won't|will not|unable to|not able to) "
    r"(?:help(?! but)|assist|answer|discuss|provide|comply|fulfil|do that|talk about|give (?:you )?advice)"
    r"|\bas an? (?:ai|language model|artificial)\b"
    r"|\bi(?:'m| am) (?:just |only )?an? (?:ai|language model|bot|program|virtual assistant)\b",
    re.I,
)


def asks(text: str) -> bool:
    """Whether it has a question."""
    return any(sentence.rstrip("\"'”’)").endswith("?") for sentence in sentences(text))


def advises(text: str) -> bool:
    """Whether it says what to do: "you could …", "I suggest …", or a bidding such as "Write her a note"."""
    return bool(_ADVICE.search(text) or _BIDDING.search(text))


def reflects(text: str) -> bool:
    """Whether it gives back a feeling: "you feel …", "no wonder", "it sounds like …"."""
    return bool(_REFLECTION.search(text))


def agrees(text: str) -> bool:
    """Whether it agrees: "I agree", "Exactly", "good point", "as Beacon said"."""
    return bool(_AGREEMENT.search(text))


def refuses(text: str) -> bool:
    """Whether it refuses, or speaks as a machine: "I can't help with that", "As an AI …"."""
    return bool(_REFUSAL.search(text.replace("’", "'")))


def agreement(texts: Sequence[str]) -> float | None:
    """Share of the utterances after the first that agree; None where there is only one.

    In a round without the person's words in between, whoever agrees agrees with an agent.
    """
    later = texts[1:]
    return sum(map(agrees, later)) / len(later) if later else None


def share(holds: Sequence[bool]) -> float | None:
    """How many of them hold, 0 to 1; None of none."""
    return sum(holds) / len(holds) if holds else None


def mean_words(texts: Sequence[str]) -> float | None:
    """Mean number of words of an utterance."""
    return sum(len(words(text)) for text in texts) / len(texts) if texts else None


def speaker_entropy(agents: Sequence[str], seats: int) -> float | None:
    """How evenly the agents speak: entropy of their shares over that of `seats` equal ones, 0 to 1.

    None where nobody spoke or there is only one seat.
    """
    if not agents or seats < 2:
        return None
    shares = [count / len(agents) for count in Counter(agents).values()]
    return -sum(s * log(s) for s in shares) / log(seats) + 0.0
