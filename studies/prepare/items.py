"""Items out of dialogues: singles, pairs and triples of arms over the same first message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from annotations.records import Candidate, Item, ItemKind, Study
from mascot.evaluation.dialogue import Start
from studies.design.reading import Design
from studies.prepare.dialogues import Held, events_of

ABOUT = ".about"
"""Ending of the store's study that has what people told in the closing questionnaire."""


def store_study(design: Design) -> Study:
    """The study as the store of ratings has it."""
    study = design.study
    return Study(
        id=study.id,
        criteria=design.criteria,
        lease_seconds=study.session.item_minutes * 60,
        meta={
            "title": study.title,
            "arms": arms_of(design),
            "consent": study.consent.version,
            "design": design.digest,
        },
    )


def arms_of(design: Design) -> dict[str, object]:
    """The arms as the store keeps them."""
    return {name: arm.model_dump(mode="json") for name, arm in design.study.arms.items()}


def about_study(design: Design) -> Study | None:
    """Where answers of the questionnaire go; None without one."""
    asked = design.study.questionnaire
    if not asked:
        return None
    criteria = tuple(each.id for each in asked)
    return Study(id=design.study.id + ABOUT, criteria=criteria, meta={"of": design.study.id})


def about_item(design: Design) -> Item:
    """The one item of the questionnaire: nothing is handed out, answers are taken over."""
    id = f"{design.study.id}/questionnaire"
    candidate = Candidate(arm="questionnaire")
    return Item(
        id=id, study=design.study.id + ABOUT, kind="dialogue", dialogue=id, candidates=(candidate,), wanted=0
    )


def items(
    design: Design, starts: Sequence[Start], held: Held, casts: Mapping[str, Sequence[str]]
) -> list[Item]:
    """Every item of a study, in the order of the situations.

    Args:
        casts: persona ids by arm.
    """
    made: list[Item] = []
    for start in starts:
        candidates = {
            arm: Candidate(arm=arm, events=events_of(dialogues[start.id], start, casts[arm]))
            for arm, dialogues in held.items()
        }
        for kind in design.kinds:
            for number, arms in enumerate(design.groups(kind)):
                made.append(_item(design, start, kind, number, [candidates[arm] for arm in arms]))
    return made


def silent(starts: Sequence[Start], held: Held) -> list[str]:
    """First messages to which some arm said nothing: nobody can rate that."""
    return [start.id for start in starts if not all(dialogues[start.id].said for dialogues in held.values())]


def expected(design: Design) -> dict[str, str | float]:
    """What an attentive rater answers, by criterion."""
    return {f"attention.{check.id}": check.expected for check in design.study.attention}


def _item(design: Design, start: Start, kind: ItemKind, number: int, candidates: list[Candidate]) -> Item:
    return Item(
        id=f"{design.study.id}/{kind}/{start.id}/{number}",
        study=design.study.id,
        kind=kind,
        dialogue=f"{start.source}/{start.id}",
        candidates=tuple(candidates),
        wanted=design.study.overlap.of(kind),  # pyright: ignore[reportArgumentType]
        domain=start.domain,
        expected=expected(design),
    )
