"""A study's answers as a dataset folder, as `annotations export` writes it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

from annotations.cards import NO_LICENCE, About, card
from annotations.croissant import croissant
from annotations.exports.dataset import NewFolder, Request, write_data
from annotations.exports.formats import FORMATS
from annotations.records import Export
from mascot.conversation.personas import load_cast
from studies.design.instruments import words
from studies.flow.flow import Served


def write(served: Served, format: str, folder: Path) -> None:
    """Write one format into a new folder, and note in the store that it left.

    Raises:
        InputError: there is no answer to export.
    """
    study = served.design.study
    with NewFolder(folder) as new:
        written = write_data(served.store, Request([FORMATS[format]], load_cast(), study.id), new)
        consents = Counter(
            f"consent {each.version}"
            for each in served.store.consents(study.id)
            if each.rater in written.survey.raters
        )
        about = About(words(study.title, "en"), NO_LICENCE, study.contact, consents, "")
        (new / "README.md").write_text(card(written, about), encoding="utf-8")
        described = json.dumps(croissant(written, about), ensure_ascii=False, indent=2)
        (new / "croissant.json").write_text(described + "\n", encoding="utf-8")
        record = Export(
            format=format,
            study=study.id,
            until=written.survey.last,
            rows=written.rows,
            digest=written.digest,
        )
        served.store.record_export(record, f"export {format} {written.digest}")
