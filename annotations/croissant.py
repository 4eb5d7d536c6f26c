"""What a dataset says of itself to machines: Croissant 1.1 with the fields for responsible AI.

https://docs.mlcommons.org/croissant/docs/croissant-spec-1.1.html and
https://docs.mlcommons.org/croissant/docs/croissant-rai-spec.html. Every file is named with its SHA-256;
every format is a record set per split, with the type and meaning of each column.
"""

from __future__ import annotations

import re
from collections import Counter
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

from annotations.cards import About, agreement_rows, consent_lines, limits
from annotations.exports.dataset import Part, Written, data_file
from annotations.exports.splits import SPLITS
from annotations.exports.tables import Kind, meaning

Json = dict[str, Any]

_CONTEXT: Final[Json] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "arrayShape": "cr:arrayShape",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "containedIn": "cr:containedIn",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "description": {"@container": "@language"},
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isArray": "cr:isArray",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "name": {"@container": "@language"},
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_ENCODING: Final[dict[Kind, str]] = {
    "parquet": "application/x-parquet",
    "jsonl": "application/jsonlines",
}


def croissant(written: Written, about: About, at: datetime | None = None) -> Json:
    """The content of croissant.json; `at` is the date of publication, by default now."""
    described: Json = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": ["http://mlcommons.org/croissant/1.1", "http://mlcommons.org/croissant/RAI/1.0"],
        "name": re.sub(r"[^A-Za-z0-9._-]+", "-", about.title).strip("-") or "dataset",
        "description": f"{about.title}. " + " ".join(part.format.summary for part in written.parts),
        "license": about.licence,
        "version": f"1.0.{written.survey.last}",
        "datePublished": (at or datetime.now(UTC)).date().isoformat(),
        "isLiveDataset": False,
        **_responsible(written, about),
        "distribution": [_file(name, digest) for name, digest in written.files.items()],
        "recordSet": [
            _record_set(part, split, written.request.kinds[-1])
            for part in written.parts
            for split in SPLITS
            if part.rows[split]
        ],
    }
    if about.creator:
        described["creator"] = {"@type": "sc:Organization", "name": about.creator}
    return described


def _responsible(written: Written, about: About) -> Json:
    survey = written.survey
    kinds = ", ".join(f"{n} {kind}" for kind, n in Counter(survey.raters.values()).most_common())
    agreement = "; ".join(f"{c}: alpha {a}, flip rate {f}" for c, _, a, f in agreement_rows(survey))
    per_item = ", ".join(f"{n} raters: {items} items" for n, items in sorted(survey.raters_per_item.items()))
    fields: Json = {
        "rai:dataCollection": "Answers to the questions of human studies of group conversations.",
        "rai:dataCollectionType": "Manual Human Curation",
        "rai:dataAnnotationProtocol": (
            "Blind and counterbalanced: raters do not see which system a candidate is from; its place and "
            "the order of criteria are stored with each answer. Imported answers as their source had them."
        ),
        "rai:dataAnnotationPlatform": "MASCOT Studio",
        "rai:dataAnnotationAnalysis": agreement or "No question was answered by two raters.",
        "rai:annotationsPerItem": per_item,
        "rai:annotatorDemographics": f"Not exported. Raters by kind: {kinds}.",
        "rai:dataManipulationProtocol": (
            "Superseded and withdrawn answers are left out; nothing is changed or imputed."
        ),
        "rai:dataLimitations": limits(written),
        "rai:dataUseCases": "Training and evaluating companions that speak in a group.",
        "rai:personalSensitiveInformation": " ".join(
            ["Raters are pseudonyms. Texts are as people wrote them.", *consent_lines(about)]
        ),
    }
    if survey.began and survey.ended:
        times = [survey.began.date().isoformat(), survey.ended.date().isoformat()]
        fields["rai:dataCollectionTimeFrame"] = times
    return fields


def _file(name: str, digest: str) -> Json:
    kind: Kind = "parquet" if name.endswith(".parquet") else "jsonl"
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "encodingFormat": _ENCODING[kind],
        "sha256": digest,
    }


def _record_set(part: Part, split: str, kind: Kind) -> Json:
    id = f"{part.format.name}/{split}"
    file = data_file(part.format.name, split, kind)
    return {
        "@type": "cr:RecordSet",
        "@id": id,
        "name": id,
        "description": f"{part.format.summary} {part.rows[split]} rows.",
        "field": [_field(id, field, file) for field in part.schema],
    }


def _field(parent: str, field: pa.Field, file: str) -> Json:
    id = f"{parent}/{field.name}"
    described: Json = {"@type": "cr:Field", "@id": id, "name": id, "description": meaning(field)}
    source = {"fileObject": {"@id": file}, "extract": {"column": field.name}}
    if _holds_records(field.type):
        return {**described, **_records(id, field.type, source, "[*]")}
    return {**described, **_type(field.type), "source": source}


def _holds_records(type: pa.DataType) -> bool:
    return pa.types.is_list(type) and pa.types.is_struct(type.value_type)


def _records(parent: str, type: pa.ListType, source: Json, path: str) -> Json:
    parts = [_sub_field(parent, part, source, f"{path}.{part.name}") for part in type.value_type]
    return {"isArray": True, "arrayShape": "-1", "subField": parts}


def _sub_field(parent: str, field: pa.Field, source: Json, path: str) -> Json:
    """One field of a column of records, which may hold records itself.

    mlcroissant reads the first record's only; other readers all.
    """
    id = f"{parent}/{field.name}"
    described: Json = {"@type": "cr:Field", "@id": id, "name": id}
    if _holds_records(field.type):
        return {**described, **_records(id, field.type, source, f"{path}[*]")}
    return {**described, **_type(field.type), "source": {**source, "transform": {"jsonPath": path}}}


def _type(type: pa.DataType) -> Json:
    """Croissant's words for a column's type that holds no records."""
    if pa.types.is_list(type):
        return {**_type(type.value_type), "isArray": True, "arrayShape": "-1"}
    for holds, name in (
        (pa.types.is_integer, "sc:Integer"),
        (pa.types.is_floating, "sc:Float"),
        (pa.types.is_boolean, "sc:Boolean"),
    ):
        if holds(type):
            return {"dataType": name}
    return {"dataType": "sc:Text"}
