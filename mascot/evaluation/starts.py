"""First messages for measuring: of situations that train nothing, and of any corpus."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from random import Random

from mascot.corpora.expert import expert_corpus
from mascot.corpora.load import load_corpus
from mascot.corpora.record import Item
from mascot.corpora.situations import Situation, situations
from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Said, Start
from mascot.evaluation.run_folder import RunFolder

EXPERTS = "experts"
"""Name under which the experts' replies are measured as one more system."""

Calm = Callable[[str], bool]


def held_out_starts() -> tuple[Start, ...]:
    """The situations of the expert corpus whose themes are in no training."""
    return tuple(_start(s, "test") for s in expert_corpus() if s.split == "test")


def app_starts() -> tuple[Start, ...]:
    """The app's own examples: nobody wrote replies to them."""
    return tuple(_start(situation, "app") for situation in situations())


def ed_starts(path: Path, limit: int, calm: Calm) -> tuple[Start, ...]:
    """First messages of an EmpatheticDialogues file, spread over it.

    Where it has k times `limit`, k at least 2 when rounded down, every kth is taken until there are enough:
    what remains at the end is not reached, and published runs are of these. Where it has fewer, they are
    evenly spread over those that are calm, or all of these.

    Args:
        limit: at most so many of them.
        calm: whether a message is one that personas answer: the crisis path takes the others.

    Raises:
        InputError: the file cannot be read, or is no such file.
    """
    found = [as_start(item) for item in load_corpus(str(path))]
    step = max(len(found) // limit, 1)
    calm_ones = [start for start in found[::step] if calm(start.text)]
    if step > 1:
        return tuple(calm_ones[:limit])
    count = min(limit, len(calm_ones))
    return tuple(calm_ones[i * len(calm_ones) // count] for i in range(count))


def drawn_starts(names: Sequence[str], limit: int | None, seed: int, calm: Calm) -> tuple[Start, ...]:
    """First messages of several corpora, drawn by the seed, evenly out of each valence.

    Where a corpus has no valences, evenly out of its domains. What is for training is left out.

    Args:
        names: names or paths of corpora.
        limit: at most so many of each corpus; None is all.
        calm: as for `ed_starts`.

    Raises:
        InputError: there is no such corpus, a row is malformed, nothing is left, or two share an id.
    """
    found = [start for name in names for start in _drawn(name, limit, seed, calm)]
    twice = next((id for id, count in Counter(start.id for start in found).items() if count > 1), None)
    if twice is not None:
        raise InputError(f"two of the corpora have an entry {twice!r}: evaluate them in runs of their own")
    return tuple(found)


def of_run(folder: RunFolder) -> tuple[Start, ...]:
    """The first messages of a run with their words; licensed ones are read from their corpora again.

    Raises:
        InputError: there is no run, or a corpus is not where it was.
    """
    starts = folder.starts()
    if all(start.published for start in starts):
        return starts
    texts = {item.id: item.text for name in folder.header().data for item in load_corpus(name)}
    missing = next((start.id for start in starts if start.id not in texts), None)
    if missing is not None:
        raise InputError(
            f"the corpora of {folder.path} have no entry {missing!r} any more: run `evaluate` anew"
        )
    return tuple(start.model_copy(update={"text": texts[start.id]}) for start in starts)


def as_start(item: Item) -> Start:
    """The first message of an entry of a corpus."""
    fields = item.model_dump(include={"id", "source", "domain", "emotion", "text", "published", "valence"})
    return Start(**fields)


def _drawn(name: str, limit: int | None, seed: int, calm: Calm) -> list[Start]:
    starts = [as_start(item) for item in load_corpus(name) if item.split not in ("train", "dev")]
    shuffled = Random(f"starts:{seed}").sample(starts, len(starts))
    groups: dict[str, list[Start]] = defaultdict(list)
    for start in shuffled:
        groups[start.valence or start.domain].append(start)
    in_turn = zip_longest(*(groups[key] for key in sorted(groups)))
    calm_ones = (s for turn in in_turn for s in turn if s is not None and calm(s.text))
    found = list(islice(calm_ones, limit))
    if not found:
        raise InputError(f"{name} has nothing to answer that is not for training")
    return found


def expert_dialogues() -> tuple[Dialogue, ...]:
    """The experts' replies to the test situations, as a system that is beyond reach."""
    return tuple(
        Dialogue(
            id=situation.id,
            source="test",
            said=tuple(
                Said(agent=agent, text=reply.says, action=reply.action, tone=reply.tone)
                for agent, reply in situation.replies.items()
            ),
        )
        for situation in expert_corpus()
        if situation.split == "test"
    )


def training_replies() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Texts and speakers of the expert replies to training situations."""
    replies = [
        (reply.says, agent)
        for situation in expert_corpus()
        if situation.split == "train"
        for agent, reply in situation.replies.items()
    ]
    return tuple(text for text, _ in replies), tuple(agent for _, agent in replies)


def _start(situation: Situation, source: str) -> Start:
    fields = situation.model_dump(include={"id", "domain", "emotion", "text", "valence"})
    return Start(source=source, **fields)
