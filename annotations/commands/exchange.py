"""`export`, `import` and `lineage`."""

from __future__ import annotations

import json
from argparse import Namespace
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from annotations.cards import About, card
from annotations.commands.show import show, table
from annotations.croissant import croissant
from annotations.exports.comparisons import Judged
from annotations.exports.dataset import NewFolder, Request, Written, judged_by, write_data
from annotations.exports.format import SEPARATOR, Source
from annotations.exports.formats import FORMATS
from annotations.exports.splits import Shares
from annotations.exports.survey import survey
from annotations.exports.tables import KINDS
from annotations.imports.argilla import read_argilla
from annotations.imports.batch import Found, Rules, gather
from annotations.imports.label_studio import read_label_studio
from annotations.imports.potato import read_potato
from annotations.imports.table import Columns, read_csv
from annotations.push import Upload, push
from annotations.records import Consent, Export, Rated
from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.errors import InputError, NotFoundError


def export(options: Namespace) -> int:
    """Write a dataset folder; with --push say what would be uploaded, with --really upload it."""
    if options.push and options.licence == "unknown":
        raise InputError("a dataset that is published needs a licence: --licence cc-by-4.0, for instance")
    with Store.open(options.store) as store, NewFolder(options.to) as folder:
        consents = _consents(store)
        agreed = _agreed(consents, options.consent)
        request = Request(
            [FORMATS[name] for name in options.format],
            load_cast(options.personas),
            options.study,
            agreed=agreed,
            kinds=KINDS if options.kind is None else (options.kind,),
            shares=Shares(options.validation, options.test, options.seed),
        )
        written = write_data(store, request, folder)
        about = About(
            options.title or options.study or options.to.name,
            options.licence,
            options.creator,
            _given(consents, written),
            options.consent or "",
        )
        (folder / "README.md").write_text(card(written, about), encoding="utf-8")
        described = json.dumps(croissant(written, about), ensure_ascii=False, indent=2)
        (folder / "croissant.json").write_text(described + "\n", encoding="utf-8")
        name = "+".join(options.format)
        record = Export(
            format=name,
            study=options.study,
            until=written.survey.last,
            rows=written.rows,
            digest=written.digest,
        )
        store.record_export(record, f"export {name} {written.digest}")
    upload = _push(options, written) if options.push else None
    show(_exported(options.to, written, upload), _lines(options.to, written, upload), options.json)
    return 0


def _consents(store: Store) -> dict[tuple[str, str], Consent]:
    """What each rater said last of each study, or of the one that it is a part of (`of` in its meta)."""
    parts: dict[str, list[str]] = defaultdict(list)
    for study in store.studies():
        parts[str(study.meta.get("of", study.id))].append(study.id)
    return {(each.rater, part): each for each in store.consents() for part in parts[each.study]}


def _agreed(
    consents: dict[tuple[str, str], Consent], choice: str | None
) -> frozenset[tuple[str, str]] | None:
    """Raters, with the study, who agreed to a choice; None for everyone where there is none."""
    return frozenset(who for who, c in consents.items() if c.choices.get(choice)) if choice else None


def _given(consents: dict[tuple[str, str], Consent], written: Written) -> Counter[str]:
    """How many of those whose answers were written agreed to what; once each, also with several parts."""
    counted = {
        (each.rater, each.study): _consent(each.version, each.choices)
        for (rater, part), each in consents.items()
        if rater in written.survey.raters and part in written.survey.studies
    }
    return Counter(counted.values())


def _consent(version: str, choices: dict[str, bool]) -> str:
    said = ", ".join(f"{'yes' if yes else 'no'} to {what}" for what, yes in sorted(choices.items()))
    return f"consent {version}" + (f", {said}" if said else "")


def _push(options: Namespace, written: Written) -> Upload:
    message = f"Answers up to {written.survey.last}"
    private = not options.public
    return push(options.to, options.push, message, private, options.really, options.collection)


def _exported(folder: Path, written: Written, upload: Upload | None) -> dict[str, Any]:
    return {
        "folder": str(folder),
        "answers": written.survey.answers,
        "raters": len(written.survey.raters),
        "until": written.survey.last,
        "digest": written.digest,
        "formats": {
            part.format.name: {"rows": part.rows, "left_out": dict(part.skipped)} for part in written.parts
        },
        "upload": upload
        and {
            "repo": upload.repo,
            "files": upload.files,
            "url": upload.url,
            "collection": upload.collection,
        },
    }


def _lines(folder: Path, written: Written, upload: Upload | None) -> Iterator[str]:
    yield f"{folder}: {written.survey.answers} answers of {len(written.survey.raters)} raters"
    yield from table(
        ("format", *("train", "validation", "test"), "left out"),
        ((p.format.name, *p.rows.values(), sum(p.skipped.values())) for p in written.parts),
    )
    if upload is not None and upload.url:
        yield f"uploaded: {upload.url}" + (f", in {upload.collection}" if upload.collection else "")
    elif upload is not None:
        size = sum(upload.files.values())
        seen = "private" if upload.private else "public"
        within = f", into the collection {upload.collection!r}" if upload.collection else ""
        yield (
            f"would upload {len(upload.files)} files, {size:,} bytes, to {upload.repo} ({seen}){within}; "
            "add --really to do it"
        )


def take_in(options: Namespace) -> int:
    """Ratings from elsewhere, all or none of them."""
    rules = Rules(options.study, tuple(options.arms), frozenset(options.text), options.raters)
    batch = gather(_found(options, rules), rules, str(options.file))
    with Store.open(options.store) as store:
        receipt = store.take_over(batch.study, batch.items, batch.raters, batch.ratings, batch.key)
    content = {
        "study": batch.study.id,
        "answers": len(receipt.answers),
        "items": len(batch.items),
        "raters": len(batch.raters),
    }
    line = "{answers} answers of {raters} raters to {items} items are in the study {study}"
    show(content, [line.format(**content)], options.json)
    return 0


def _found(options: Namespace, rules: Rules) -> Iterator[Found]:
    match options.source:
        case "argilla":
            return read_argilla(options.file, rules)
        case "label-studio":
            return read_label_studio(options.file, rules)
        case "potato":
            return read_potato(options.file, rules)
    for name in ("item", "rater", "value"):
        if getattr(options, name) is None:
            raise InputError(f"--from csv needs --{name} COLUMN")
    columns = Columns(options.item, options.rater, options.value, options.criterion, options.dialogue)
    return read_csv(options.file, columns, rules)


def lineage(options: Namespace) -> int:
    """The raw answers a row of an export was made of, as they are now."""
    with Store.open(options.store) as store:
        answers = _answers_of(store, options.row, options.personas, options.consent)
        found = [store.answer(id) for id in answers]
    head = ("answer", "at", "rater", "item", "criterion", "answer given")
    rows = [_told(each) for each in found]
    show([dict(zip(head, row, strict=True)) for row in rows], table(head, rows), options.json)
    return 0


def _answers_of(store: Store, row: str, personas: Path | None, consent: str | None) -> list[int]:
    """Make the rows of the source dialogue again, and look the row up.

    Raises:
        InputError: no format makes such rows.
        NotFoundError: there is no such row now.
    """
    name, _, rest = row.partition(SEPARATOR)
    if name not in FORMATS or not rest or (name == "ratings" and not rest.isdecimal()):
        raise InputError(
            f"{row!r} is no row: its name stands in the column `row`, such as dpo~pair-7~better~0-1"
        )
    if name == "ratings":
        return [int(rest)]
    item = store.item(rest.split(SEPARATOR)[0])

    agreed = _agreed(_consents(store), consent)

    def judged(words: bool) -> Iterator[Judged]:
        yield from judged_by(store.by_item(item.study, transcripts=words), agreed)

    source = Source(survey(judged(False)), load_cast(personas))
    of_dialogue = (each for each in judged(True) if each.item.dialogue == item.dialogue)
    for made in FORMATS[name].rows(of_dialogue, source):
        if made["row"] == row:
            return made["answers"]
    raise NotFoundError(
        f"there is no row {row!r} now: its answers were withdrawn or changed, or its votes are even"
    )


def _told(rated: Rated) -> tuple[object, ...]:
    answer = rated.answer
    value = answer.value.model_dump(exclude={"kind"}, exclude_none=True)
    given = ", ".join(f"{key} {each}" for key, each in value.items())
    return (
        answer.id,
        f"{answer.at:%Y-%m-%d %H:%M:%S}",
        rated.rater.id,
        rated.item.id,
        answer.criterion,
        given,
    )
