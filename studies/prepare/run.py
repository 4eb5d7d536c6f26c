"""`prepare`: hold what is missing, and put the items into the store of ratings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from annotations.store import Store
from mascot.settings import Settings
from studies.design.reading import Design
from studies.prepare.arms import Open, cast_of
from studies.prepare.dialogues import Held, Tick, hold_arms
from studies.prepare.differences import Look, looks
from studies.prepare.items import about_item, about_study, items, silent, store_study
from studies.prepare.sources import starts
from studies.prepare.unchanged import refuse_other_design, refuse_other_items


@dataclass(frozen=True)
class Prepared:
    """What a study starts with.

    Attributes:
        situations: First messages that all arms answered.
        left_out: Ids of those to which some arm said nothing.
    """

    situations: int
    left_out: tuple[str, ...]
    items: int
    looks: dict[str, Look]


def prepare(
    design: Design, store: Store, folder: Path, settings: Settings, open_arm: Open, tick: Tick
) -> Prepared:
    """Make a study ready to be served; doing it again, or going on after a kill, is no harm.

    Args:
        folder: where finished dialogues are kept.

    Raises:
        InputError: the study was prepared with other arms, dialogues or tasks; nothing is overwritten.
        MascotError: a model, a file or the store cannot be used; what was finished is kept.
    """
    register(design, store)
    found = starts(design)
    held: Held = hold_arms(design, found, folder, open_arm, tick) if found else {}
    missing = silent(found, held)
    answered = [start for start in found if start.id not in missing]
    casts = {name: cast_of(arm, settings).ids for name, arm in design.study.arms.items()}
    made = items(design, answered, held, casts)
    if made:
        refuse_other_items(design, store, made)
        store.add_items(made, f"items of {design.study.id}")
    return Prepared(len(answered), tuple(missing), len(made), looks(held))


def register(design: Design, store: Store) -> None:
    """The study, and its questionnaire, in the store; texts and times may have changed since.

    Raises:
        InputError: the store has this study with other arms, dialogues or tasks.
    """
    known = {study.id: study for study in store.studies()}
    if design.study.id in known:
        refuse_other_design(design, known[design.study.id])
    else:
        store.add_study(store_study(design))
    about = about_study(design)
    if about is not None and about.id not in known:
        store.add_study(about)
        store.add_items([about_item(design)], f"questionnaire of {design.study.id}")
