"""First messages for measuring: situations that train nothing, and those of EmpatheticDialogues."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from mascot.corpora.expert import expert_corpus
from mascot.corpora.situations import Situation, situations
from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Said, Start

EXPERTS = "experts"
"""Name under which the experts' replies are measured as one more system."""


def held_out_starts() -> tuple[Start, ...]:
    """The situations of the expert corpus whose themes are in no training."""
    return tuple(_start(s, "test") for s in expert_corpus() if s.split == "test")


def app_starts() -> tuple[Start, ...]:
    """The app's own examples: nobody wrote replies to them."""
    return tuple(_start(situation, "app") for situation in situations())


def ed_starts(path: Path, limit: int, calm: Callable[[str], bool]) -> tuple[Start, ...]:
    """First messages of an EmpatheticDialogues file, evenly spread over it.

    Args:
        limit: so many of them.
        calm: whether a message is one that personas answer: the crisis path takes the others.

    Raises:
        InputError: the file cannot be read, or is no such file.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["utterance_idx"] == "1"]
            found = [_from_ed(row) for row in rows]
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error})") from None
    except (KeyError, AttributeError, csv.Error) as error:
        raise InputError(
            f"{path} is no CSV of EmpatheticDialogues: columns conv_id, utterance_idx, context and "
            f"utterance are needed ({error} is missing)"
        ) from None
    spread = found[:: max(len(found) // limit, 1)]
    return tuple([start for start in spread if calm(start.text)][:limit])


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
    fields = situation.model_dump(include={"id", "domain", "emotion", "text"})
    return Start(source=source, **fields)


def _from_ed(row: dict[str, str]) -> Start:
    return Start(
        id=row["conv_id"],
        source="ed",
        domain="everyday",
        emotion=row["context"],
        text=row["utterance"].replace("_comma_", ","),
        published=False,
    )
