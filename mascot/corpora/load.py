"""Any corpus by its name or path, as one kind of record.

    situations     the app's own examples                           ours, CC0
    expert         situations with expert replies                   ours, CC0
    dialogues      group dialogues                                  ours, CC0
    probes         views and their opposites, to test for yes-men   ours, CC0
    PATH.csv       EmpatheticDialogues; or a folder of its CSVs     CC BY-NC 4.0
    PATH.jsonl     QMSum, ESConv, or rows of your own (`Item`); or a folder of them
    OWNER/NAME     a data set of the Hugging Face Hub with such files in it

What a JSONL holds is told from its first row.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from mascot.corpora.dialogues import YIELD, group_dialogues
from mascot.corpora.empathetic import empathetic
from mascot.corpora.esconv import esconv, is_support
from mascot.corpora.expert import expert_corpus
from mascot.corpora.qmsum import is_meeting, qmsum
from mascot.corpora.reading import as_record, json_rows, refuse
from mascot.corpora.record import CorpusTurn, Item
from mascot.corpora.situations import Situation, situations
from mascot.errors import InputError

_KINDS: Final = (".csv", ".jsonl", ".json")


def load_corpus(name: str) -> tuple[Item, ...]:
    """Every entry of a corpus, in its own order.

    Raises:
        InputError: there is no such corpus, it cannot be read, or a row is malformed (file, line, field).
    """
    if name in _OWN:
        return tuple(_OWN[name]())
    path = Path(name).expanduser()
    if path.is_dir():
        return _of_folder(path)
    if path.is_file():
        return _unique(path, _of_file(path))
    if name.count("/") == 1 and not name.startswith((".", "/", "~")) and path.suffix not in _KINDS:
        return _of_folder(_fetched(name))
    raise InputError(
        f"there is no corpus {name!r}: give {', '.join(_OWN)}, a CSV, JSON or JSONL file, a folder of them, "
        "or OWNER/NAME of a data set of the Hugging Face Hub"
    )


def _of_folder(folder: Path) -> tuple[Item, ...]:
    files = sorted(path for path in folder.rglob("*") if path.suffix in _KINDS)
    if not files:
        raise InputError(f"{folder} holds no CSV, JSON or JSONL file")
    return tuple(itertools.chain.from_iterable(_unique(file, _of_file(file)) for file in files))


def _of_file(path: Path) -> Iterator[Item]:
    if path.suffix == ".csv":
        return empathetic(path)
    if path.suffix not in _KINDS:
        raise InputError(f"{path} is no CSV, JSON or JSONL file")
    first = next(json_rows(path), None)
    if first is None:
        raise InputError(f"{path} is empty")
    if is_meeting(first[1]):
        return qmsum(path)
    return esconv(path) if is_support(first[1]) else own(path)


def own(path: Path) -> Iterator[Item]:
    """Rows of your own: `id` and `text`, and of the other fields of an `Item` what there is.

    Raises:
        InputError: naming file, line and field.
    """
    for line, row in json_rows(path):
        yield as_record(Item, row, path, line)


def _unique(path: Path, items: Iterator[Item]) -> tuple[Item, ...]:
    found = tuple(items)
    seen: set[str] = set()
    for place, item in enumerate(found, 1):
        if item.id in seen:
            refuse(path, place, "id", f"{item.id!r} occurs twice (entry {place} of the file)")
        seen.add(item.id)
    return found


def _fetched(name: str) -> Path:
    """The files of a data set of the hub, in its own cache."""
    import huggingface_hub as hub
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        patterns = [f"*{kind}" for kind in _KINDS]
        return Path(hub.snapshot_download(name, repo_type="dataset", allow_patterns=patterns))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        first = str(error).strip().splitlines()[0]
        raise InputError(
            f"the data set {name} cannot be had from the Hugging Face Hub ({first}): give a file or folder"
        ) from None


def _situation(situation: Situation, source: str, split: str) -> Item:
    return Item(
        id=situation.id,
        source=source,
        domain=situation.domain,
        topic=situation.theme,
        text=situation.text,
        emotion=situation.emotion,
        valence=situation.valence,
        split=split,
    )


def _app() -> Iterator[Item]:
    return (_situation(situation, "app", "") for situation in situations())


def _expert() -> Iterator[Item]:
    for situation in expert_corpus():
        replies = tuple(
            CorpusTurn(speaker=agent, text=reply.says, label=reply.action)
            for agent, reply in situation.replies.items()
        )
        told = (CorpusTurn(speaker="user", text=situation.text), *replies)
        item = _situation(situation, situation.split, situation.split)
        yield item.model_copy(update={"turns": told})


def _dialogues() -> Iterator[Item]:
    for dialogue in group_dialogues():
        turns = tuple(
            CorpusTurn(speaker=turn.speaker, text=turn.says, label=turn.action)
            for turn in dialogue.turns
            if turn.speaker != YIELD
        )
        yield Item(
            id=dialogue.id,
            source="dialogues",
            domain=dialogue.domain,
            topic=dialogue.theme,
            text=turns[0].text,
            emotion=dialogue.emotion,
            valence=dialogue.valence,
            turns=turns,
            split=dialogue.split,
        )


def _probes() -> Iterator[Item]:
    with as_file(files("mascot.corpora") / "probes.jsonl") as path:
        return iter(tuple(own(path)))


_OWN: Final[dict[str, Callable[[], Iterator[Item]]]] = {
    "situations": _app,
    "expert": _expert,
    "dialogues": _dialogues,
    "probes": _probes,
}
