"""A study stays what it was prepared with: its items are rated, and are never made anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from annotations.records import Item, Study
from annotations.store import Store
from mascot.conversation.transcript import fold
from mascot.errors import InputError
from studies.design.reading import Design
from studies.prepare.items import about_study, arms_of


def must_be_prepared(design: Design, store: Store) -> None:
    """Refuse a study without its items, or with those of another file.

    Raises:
        InputError: one line says what to do.
    """
    known = {study.id: study for study in store.studies()}
    about = about_study(design)
    if design.study.id not in known or (about is not None and about.id not in known):
        raise InputError(
            f"{design.path} is not prepared: run `python -m studies prepare {design.path}` first"
        )
    refuse_other_design(design, known[design.study.id])


def refuse_other_design(design: Design, known: Study) -> None:
    """Refuse a file that makes other items than those that there are.

    Args:
        known: the study as the store has it.

    Raises:
        InputError: one line says in what the file differs.
    """
    if known.meta.get("design") != design.digest:
        raise InputError(
            f"{design.path} has other {' and '.join(_differing(design, known))} than it was prepared with: "
            "give the study another id, or take the change back"
        )


def _differing(design: Design, known: Study) -> list[str]:
    found = ["arms"] if known.meta.get("arms") != arms_of(design) else []
    found += ["tasks"] if known.criteria != design.criteria else []
    return found or ["dialogues, overlap, checks, scales or wordings of tasks"]


def refuse_other_items(design: Design, store: Store, made: Sequence[Item]) -> None:
    """Refuse items that differ from those that there are: the store would keep the old ones.

    Raises:
        InputError: one line says how many differ, and which is the first.
    """
    new = {item.id: item for item in made}
    kept = list(store.items(design.study.id, transcripts=True))
    if kept and (differences := ", ".join(_differences(new, kept))):
        raise InputError(
            f"{design.path}: the dialogues are not those that the study was prepared with ({differences}): "
            "give the study another id, or put them back"
        )


def _differences(new: dict[str, Item], kept: Sequence[Item]) -> Iterator[str]:
    other = [item.id for item in kept if item.id in new and _rated(item) != _rated(new[item.id])]
    if other:
        yield f"{len(other)} of {len(kept)} items have other words, the first is {other[0]}"
    here = sum(item.id in new for item in kept)
    if more := len(new) - here:
        yield f"{more} more items"
    if fewer := len(kept) - here:
        yield f"{fewer} items fewer"


def _rated(item: Item) -> object:
    """What a rater judges: all but who else sat at the table, and how long the words took."""
    said = tuple(fold(candidate.events).turns for candidate in item.candidates)
    return item.kind, item.dialogue, item.domain, item.wanted, item.expected, item.arms, said
