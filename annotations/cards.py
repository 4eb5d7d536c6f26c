"""What a dataset says of itself to people: the card, README.md, in the manner of the Hugging Face Hub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

import yaml

from annotations.exports.dataset import Part, Written, data_file
from annotations.exports.splits import SPLITS
from annotations.exports.survey import Survey
from annotations.exports.tables import meaning

NO_LICENCE: Final = "unknown"


@dataclass(frozen=True)
class About:
    """What only the people who publish a dataset know.

    Attributes:
        title: Its name, for people.
        licence: An identifier of the Hub, such as `cc-by-4.0`; `unknown` permits nobody anything.
        creator: Who publishes it; empty where they do not say.
        consents: How many raters agreed to which version of which study's text, and to what of it.
        chosen: The choice that everyone whose answers are here agreed to; empty where none was asked for.
    """

    title: str
    licence: str = NO_LICENCE
    creator: str = ""
    consents: Counter[str] = field(default_factory=Counter)
    chosen: str = ""


def card(written: Written, about: About) -> str:
    """The text of README.md, front matter first."""
    return f"---\n{_front(written, about)}---\n\n" + "\n".join(_body(written, about)) + "\n"


def consent_lines(about: About) -> list[str]:
    """What raters agreed to, as sentences."""
    lines = [f"{n} rater(s): {what}." for what, n in sorted(about.consents.items())]
    if about.chosen:
        lines.append(f'Only answers of raters who agreed to "{about.chosen}" are in the data.')
    if not about.consents:
        lines.append("No consent is recorded in the store: the answers were imported, or given elsewhere.")
    lines.append("Answers of people who withdrew before the export are not in the data.")
    return lines


def limits(written: Written) -> list[str]:
    """What the data cannot carry, as far as it can be read off the data itself."""
    survey = written.survey
    found = []
    if survey.raters_per_item[1]:
        found.append(
            f"{survey.raters_per_item[1]} of {survey.items} items were judged by a single rater: nothing is "
            "known about agreement there."
        )
    for criterion in sorted(survey.agreement):
        alpha = survey.alpha(criterion)
        if alpha is not None and alpha < 0.667:
            found.append(
                f"Agreement on {criterion} is low (Krippendorff's α {alpha:.2f}; he asks for 0.667 for even "
                "tentative conclusions)."
            )
    kinds = Counter(survey.raters.values())
    for kind, what in (("model", "a model"), ("simulated", "a simulation"), ("unknown", "unknown origin")):
        if kinds[kind]:
            found.append(f"{kinds[kind]} of {len(survey.raters)} raters are {what}.")
    for part in written.parts:
        for reason, n in sorted(part.skipped.items()):
            found.append(f"{part.format.name}: left out {n} × {reason}.")
    found.append("Raters of one study are no sample of a population, and the personas are fictions.")
    return found


def agreement_rows(survey: Survey) -> Iterator[tuple[str, int, str, str]]:
    """Criterion, answers that can be compared, α, and the rate at which single votes flip."""
    for criterion, found in sorted(survey.agreement.items()):
        flips = survey.flip_rate(criterion)
        yield criterion, found.answers, _number(found.alpha), _number(flips)


def _front(written: Written, about: About) -> str:
    kind = "parquet" if "parquet" in written.request.kinds else "jsonl"
    front = {
        "pretty_name": about.title,
        "license": about.licence,
        "tags": ["human-feedback", "preference", "group-conversation", "croissant"],
        "configs": [
            {
                "config_name": part.format.name,
                "data_files": [
                    {"split": split, "path": data_file(part.format.name, split, kind)}
                    for split in SPLITS
                    if part.rows[split]
                ],
            }
            for part in written.parts
            if any(part.rows.values())
        ],
    }
    return yaml.safe_dump(front, sort_keys=False, allow_unicode=True)


def _body(written: Written, about: About) -> Iterator[str]:
    survey = written.survey
    yield f"# {about.title}\n"
    yield f"Judgements of group conversations, exported by MASCOT Studio up to answer {survey.last}.\n"
    yield from _table(
        ("answers", "raters", "items", "source dialogues", "given"),
        [(survey.answers, len(survey.raters), survey.items, survey.dialogues, _period(survey))],
    )
    yield "## Licence and consent\n"
    yield _licence(about)
    yield from (f"- {line}" for line in consent_lines(about))
    yield "\n## Raters\n"
    kinds = Counter(survey.raters.values())
    yield from _table(("kind", "raters"), kinds.most_common())
    yield from _table(("raters of an item", "items"), sorted(survey.raters_per_item.items()))
    yield "## Agreement\n"
    yield (
        "Krippendorff's α (interval for numbers, nominal for votes and choices), and the measured "
        "probability that one rater's vote is the wrong way round.\n"
    )
    yield from _table(("criterion", "answers", "α", "flip rate"), agreement_rows(survey))
    yield "## Data\n"
    shares = written.request.shares
    yield (
        f"Split by source dialogue: {shares.validation:.0%} validation, {shares.test:.0%} test, seed "
        f"{shares.seed}. A dialogue is in one split only, in every format.\n"
    )
    for part in written.parts:
        yield from _part(part)
    yield "## Known limits\n"
    yield from (f"- {line}" for line in limits(written))


def _licence(about: About) -> str:
    if about.licence == NO_LICENCE:
        return "No licence was named: nobody but its owners may use it.\n"
    return f"Licence: {about.licence}.\n"


def _part(part: Part) -> Iterator[str]:
    yield f"### {part.format.name}\n"
    read = f" Read by `{part.format.reader}`." if part.format.reader else ""
    rows = ", ".join(f"{n} {split}" for split, n in part.rows.items())
    yield f"{part.format.summary}{read} Rows: {rows}.\n"
    yield from _table(("column", "what it is"), [(f"`{each.name}`", meaning(each)) for each in part.schema])


def _table(
    head: Sequence[str], rows: Sequence[Sequence[object]] | Iterator[Sequence[object]]
) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"
    yield ""


def _period(survey: Survey) -> str:
    if survey.began is None or survey.ended is None:
        return "–"
    return f"{survey.began:%Y-%m-%d} to {survey.ended:%Y-%m-%d}"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
