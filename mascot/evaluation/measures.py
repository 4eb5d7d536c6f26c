"""Every figure that needs no judge, for the dialogues of one system.

A measure *within* dialogues has a value for each of them; a measure *across* dialogues has one for a set of
them. The names, and which way is better, stand in `WITHIN` and `ACROSS` once for tables and pictures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from mascot.engines.embedding import Embedder, Vectors
from mascot.evaluation import redundancy, style
from mascot.evaluation.attribution import WhoSpoke, drift
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.relevance import found_own, others

Values = dict[str, float]
"""A value by dialogue id; dialogues without one are left out."""


@dataclass(frozen=True)
class Measure:
    """What a figure is called, and how to read it."""

    key: str
    title: str
    better: Literal["more", "less", ""] = ""
    """Empty where neither is: a figure to look at beside the experts' own."""
    unit: Literal["share", "number"] = "share"


WITHIN = (
    Measure("attribution", "speaker guessed from the words (chance 0.25)", "more"),
    Measure("drift", "attribution lost from the first to the second half", "less"),
    Measure("relevance", "own situation picked out of 4 (chance 0.25)", "more"),
    Measure("overlap", "cosine between agents of a round", "less", "number"),
    Measure("distinct_2", "different word pairs of a dialogue", "more"),
    Measure("questions", "utterances that ask"),
    Measure("advice", "utterances that advise"),
    Measure("reflections", "utterances that reflect a feeling"),
    Measure("agreement", "utterances that agree with an agent", "less"),
    Measure("entropy", "evenness of speakers", "", "number"),
    Measure("words", "words per utterance", "", "number"),
    Measure("tokens", "tokens made per utterance", "less", "number"),
    Measure("spent", "tokens per turn, director and hidden steps counted", "less", "number"),
    Measure("seconds", "seconds per turn", "less", "number"),
    Measure("refusals", "utterances that refuse, or speak as a machine", "less"),
    Measure("caught", "guard catches per 100 utterances", "less", "number"),
    Measure("leaks", "leaks caught per 100 utterances", "less", "number"),
    Measure("empty", "turns of which nothing passed", "less"),
)
ACROSS = (
    Measure("reuse_4", "utterances with a 4-gram of another dialogue", "less"),
    Measure("reuse_5", "utterances with a 5-gram of another dialogue", "less"),
    Measure("openings", "utterances opening like one of another dialogue", "less"),
    Measure("self_bleu", "self-BLEU across dialogues", "less", "number"),
    Measure("distinct_2_all", "different word pairs of all dialogues", "more"),
    Measure("vendi", "Vendi score: different utterances in effect, of all", "more", "number"),
)


class Embedded:
    """Unit vectors of texts, each made once."""

    def __init__(self, embedder: Embedder, texts: Sequence[str]) -> None:
        unique = list(dict.fromkeys(texts))
        self._row = {text: row for row, text in enumerate(unique)}
        self._vectors = embedder.encode(unique)

    def of(self, texts: Sequence[str]) -> Vectors:
        """Shape (len(texts), dimension); KeyError for a text that was not given."""
        return self._vectors[[self._row[text] for text in texts]]


@dataclass(frozen=True)
class Measured:
    """The figures of one system."""

    dialogues: Mapping[str, Dialogue]
    within: Mapping[str, Values]
    """By measure and dialogue."""
    across: Mapping[str, Callable[[Sequence[str]], float | None]]
    """By measure: its value over the dialogues of some ids."""


def measure(
    dialogues: Sequence[Dialogue], starts: Sequence[Start], who: WhoSpoke, embedded: Embedded
) -> Measured:
    """All figures of a system's dialogues.

    Args:
        starts: at least those of the dialogues.
        who: trained on expert replies of training situations only.
        embedded: the texts of all dialogues and starts.
    """
    by_id = {dialogue.id: dialogue for dialogue in dialogues}
    found: dict[str, Values] = {measure.key: {} for measure in WITHIN}
    for dialogue in dialogues:
        for key, value in _within(dialogue, starts, who, embedded).items():
            if value is not None:
                found[key][dialogue.id] = value

    def over(statistic: Callable[[list[Dialogue]], float | None]) -> Callable[[Sequence[str]], float | None]:
        known: dict[tuple[str, ...], float | None] = {}

        def remembered(ids: Sequence[str]) -> float | None:
            """Asked anew for each system that it is compared with."""
            if tuple(ids) not in known:
                known[tuple(ids)] = statistic([by_id[id] for id in ids])
            return known[tuple(ids)]

        return remembered

    def texts(dialogues: Sequence[Dialogue]) -> list[tuple[str, ...]]:
        return [dialogue.texts for dialogue in dialogues]

    def flat(dialogues: Sequence[Dialogue]) -> list[str]:
        return [text for dialogue in dialogues for text in dialogue.texts]

    across = {
        "reuse_4": over(lambda some: redundancy.reuse(texts(some), 4)),
        "reuse_5": over(lambda some: redundancy.reuse(texts(some), 5)),
        "openings": over(lambda some: redundancy.openings(texts(some))),
        "self_bleu": over(lambda some: redundancy.self_bleu(texts(some))),
        "distinct_2_all": over(lambda some: redundancy.distinct(flat(some), 2)),
        "vendi": over(lambda some: redundancy.vendi(embedded.of(flat(some)))),
    }
    return Measured(by_id, found, across)


def _within(
    dialogue: Dialogue, starts: Sequence[Start], who: WhoSpoke, embedded: Embedded
) -> dict[str, float | None]:
    said, texts = dialogue.said, dialogue.texts
    agents = [utterance.agent for utterance in said]
    right = who.right(dialogue)
    vectors = embedded.of(texts)
    return {
        "attribution": style.share(right),
        "drift": drift(right),
        "relevance": _relevance(dialogue, starts, vectors, embedded),
        "overlap": redundancy.overlap(agents, vectors),
        "distinct_2": redundancy.distinct(texts, 2),
        "questions": style.share([style.asks(text) for text in texts]),
        "advice": style.share([style.advises(text) for text in texts]),
        "reflections": style.share([style.reflects(text) for text in texts]),
        "agreement": style.agreement(texts),
        "entropy": style.speaker_entropy(agents, len(who.speakers)),
        "words": style.mean_words(texts),
        "tokens": _mean([utterance.tokens for utterance in said]),
        "spent": _per_turn(dialogue, max(dialogue.tokens, sum(utterance.tokens for utterance in said))),
        "seconds": _per_turn(dialogue, max(dialogue.seconds, sum(utterance.seconds for utterance in said))),
        "refusals": style.share([style.refuses(text) for text in texts]),
        "caught": _mean([100 * sum(utterance.guards.values()) for utterance in said]),
        "leaks": _mean([100 * utterance.guards.get("leak", 0) for utterance in said]),
        "empty": dialogue.empty / turns if (turns := dialogue.empty + len(said)) else None,
    }


def _per_turn(dialogue: Dialogue, total: float) -> float | None:
    """What a whole dialogue took, for each of its utterances."""
    return total / len(dialogue.said) if dialogue.said else None


def _mean(values: Sequence[float]) -> float | None:
    return fmean(values) if values else None


def _relevance(
    dialogue: Dialogue, starts: Sequence[Start], vectors: Vectors, embedded: Embedded
) -> float | None:
    own = next(start for start in starts if start.id == dialogue.id)
    beside = others(own, starts)
    if not beside:
        return None
    return found_own(vectors, embedded.of([own.text])[0], embedded.of([start.text for start in beside]))


def right_at_turns(dialogues: Sequence[Dialogue], who: WhoSpoke) -> list[list[bool]]:
    """For each turn the dialogues whose speaker is guessed there, as long as half of them still speak."""
    right = [who.right(dialogue) for dialogue in dialogues]
    longest = max(map(len, right), default=0)
    columns = ([row[turn] for row in right if turn < len(row)] for turn in range(longest))
    return [column for column in columns if 2 * len(column) >= len(right)]


def right_by_turn(dialogues: Sequence[Dialogue], who: WhoSpoke) -> list[float]:
    """Attribution at each turn of the dialogues, 0 to 1, as long as at least half of them still speak."""
    return [fmean(column) for column in right_at_turns(dialogues, who)]
