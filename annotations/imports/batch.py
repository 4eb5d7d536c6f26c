"""What an importer finds, checked and put together: items, raters and their answers, or one clear line.

Every source says the same few things in its own way: who answered what about which item. An importer turns
each answer into a `Found`; what follows is the same for all.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from annotations.records import (
    Candidate,
    Choice,
    Draft,
    Imported,
    Item,
    ItemKind,
    Pairwise,
    Ranking,
    Rater,
    RaterKind,
    Scale,
    Study,
    Text,
    Value,
)
from mascot.errors import InputError

_KINDS: Final[dict[int, ItemKind]] = {1: "dialogue", 2: "pair", 3: "triple"}
_TIES: Final = {"tie", "equal", "same", "no difference", "both good"}
_BAD: Final = {"both bad", "neither"}


@dataclass(frozen=True)
class Rules:
    """How answers are to be read where the source does not say.

    Attributes:
        study: The study they belong to; made if it is not there yet.
        arms: The systems behind an item's candidates, one, two or three, in the source's order.
        texts: Questions whose answers are free text; other words are choices.
        raters: What kind of raters they are.
    """

    study: str
    arms: tuple[str, ...] = ("imported",)
    texts: frozenset[str] = frozenset()
    raters: RaterKind = "unknown"

    def value(self, raw: Any, question: str) -> Value:
        """An answer as the store keeps it.

        A number is a point on a scale; with two arms the name of one is a vote for it, and "tie" or "both
        bad" is one for neither; a list of all arms is a ranking, the best first; other words are choices.

        Raises:
            ValueError: it is nothing of the kind; says what it is.
        """
        if isinstance(raw, list):
            return self._list(raw)
        if question in self.texts and isinstance(raw, str):
            return Text(text=raw)
        number = _number(raw)
        if number is not None:
            return Scale(value=number)
        if not isinstance(raw, str) or not raw.strip():
            raise ValueError(f"{_shown(raw)} is no answer: a number, a word or a list of words is")
        word = raw.strip()
        if len(self.arms) == 2:
            if word in self.arms:
                return Pairwise(winner=0 if word == self.arms[0] else 1)
            if word.casefold() in _TIES | _BAD:
                return Pairwise(winner=None, both_bad=word.casefold() in _BAD)
        return Choice(options=(word,))

    def _list(self, raw: list[Any]) -> Value:
        if not raw or not all(isinstance(each, str) and each for each in raw):
            raise ValueError(f"{_shown(raw)} is no answer: a list of words is")
        if len(raw) > 1 and sorted(raw) == sorted(self.arms):
            return Ranking(ranks=tuple(raw.index(arm) + 1 for arm in self.arms))
        return Choice(options=tuple(raw))


@dataclass(frozen=True)
class Found:
    """One answer in a source."""

    where: str
    """File, line and column, for messages."""
    item: str
    rater: str
    question: str
    value: Value
    dialogue: str = ""
    """The source dialogue; by default the item is one of its own."""
    seconds: float | None = None


@dataclass(frozen=True)
class Batch:
    """Everything one import brings."""

    study: Study
    items: tuple[Item, ...]
    raters: tuple[Rater, ...]
    ratings: tuple[Imported, ...]

    @property
    def answers(self) -> int:
        return sum(len(rating.answers) for rating in self.ratings)

    @property
    def key(self) -> str:
        """The same for the same content: importing it again changes nothing."""
        content = [self.study.id, *(rating.model_dump_json() for rating in self.ratings)]
        return "import " + hashlib.sha256(json.dumps(content).encode()).hexdigest()


def gather(found: Iterable[Found], rules: Rules, source: str) -> Batch:
    """Put the answers of a source together, by item and rater.

    Raises:
        InputError: there is none; or a name cannot be kept, a rater answers a question twice, or an answer
            does not fit the arms. Names file, line and column.
    """
    answers: dict[tuple[str, str], dict[str, Draft]] = {}
    dialogues: dict[str, str] = {}
    for each in found:
        names = (each.item, _pseudonym(each.rater), each.question)
        item, rater, question = (name_of(name, each.where) for name in names)
        given = answers.setdefault((item, rater), {})
        if question in given:
            raise InputError(f"{each.where}: {rater} answers {question!r} on {item} a second time")
        dialogue = name_of(each.dialogue or each.item, each.where)
        if dialogues.setdefault(item, dialogue) != dialogue:
            raise InputError(f"{each.where}: {item} is of dialogue {dialogues[item]}, and here of {dialogue}")
        try:
            given[question] = Draft(criterion=question, value=each.value, seconds=each.seconds)
        except ValidationError as error:
            raise InputError(f"{each.where}: {error.errors()[0]['msg']}") from None
    if not answers:
        raise InputError(f"{source}: there is no answer in it")
    criteria = dict.fromkeys(question for given in answers.values() for question in given)
    return Batch(
        Study(id=name_of(rules.study, source), criteria=tuple(criteria)),
        tuple(_item(item, dialogue, rules) for item, dialogue in dialogues.items()),
        tuple(Rater(id=rater, kind=rules.raters) for rater in dict.fromkeys(r for _, r in answers)),
        tuple(Imported(item=i, rater=r, answers=tuple(given.values())) for (i, r), given in answers.items()),
    )


def name_of(name: str, where: str) -> str:
    """A source's name as a name of the store; spaces become `_`.

    Raises:
        InputError: it is empty, too long, or has other characters than the store's names.
    """
    tidy = re.sub(r"\s+", "_", name.strip())
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,119}", tidy):
        raise InputError(
            f"{where}: {name!r} cannot be a name here: it takes 1 to 120 letters, digits and . _ : @ / + -"
        )
    return tidy


def _pseudonym(rater: str) -> str:
    """The store keeps no addresses: a rater known by one is called by its hash."""
    if "@" not in rater:
        return rater
    return "rater-" + hashlib.sha256(rater.strip().casefold().encode()).hexdigest()[:12]


def _item(id: str, dialogue: str, rules: Rules) -> Item:
    if len(rules.arms) not in _KINDS:
        raise InputError(f"an item has one, two or three arms, not {len(rules.arms)}")
    candidates = tuple(Candidate(arm=name_of(arm, "--arms")) for arm in rules.arms)
    return Item(
        id=id,
        study=name_of(rules.study, "--study"),
        kind=_KINDS[len(rules.arms)],
        dialogue=dialogue,
        candidates=candidates,
        wanted=0,
    )


def _number(raw: Any) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None


def _shown(raw: Any) -> str:
    text = json.dumps(raw, ensure_ascii=False, default=str)
    return text if len(text) <= 60 else f"{text[:57]}…"
