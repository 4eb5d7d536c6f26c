"""Where an adapter came from, and which model it belongs to: `lineage.json` in its folder."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mascot.engines.models import EMBEDDED, TIERS
from mascot.errors import AdapterError

LINEAGE: Final = "lineage.json"
TRAINING: Final = "training.json"
"""What training leaves beside the weights."""

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]


class Lineage(BaseModel):
    """What made an adapter what it is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    """A persona's id, or `director`."""
    version: Name
    base: str
    """The base model, for people: a hub id or a file's name."""
    base_hash: str
    """The base model, for the machine; see `base_hash`."""
    data_hash: str
    """Of what it was trained on."""
    code: str
    """Version of the code that trained it."""
    settings: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    parent: str | None = None
    """What its training began from; None is the base model."""
    created: datetime


def base_hash(model: str) -> str:
    """What identifies a base model, the same in every form it is loaded in.

    Args:
        model: `EngineInfo.model`: a hub id, or the name of a file or folder.

    The embedded model is known by the checksum of its file, also where it is loaded from what was made of
    that file, or from the hub. Other hub ids are known by themselves, other files by their names.
    """
    part = EMBEDDED[0].parts[0]
    stem = re.sub(r"(-hf|\.gguf)$", "", Path(model).name)
    if stem == Path(part.target).stem or model == TIERS["embedded"].repo:
        return part.sha256
    return f"hub:{model}" if re.fullmatch(r"[\w.-]+/[\w.-]+", model) else f"file:{stem}"


def read_lineage(folder: Path) -> Lineage:
    """The lineage of the adapter in a folder.

    Raises:
        AdapterError: it is missing or cannot be read.
    """
    try:
        return Lineage.model_validate_json((folder / LINEAGE).read_text(encoding="utf-8"))
    except OSError:
        raise AdapterError(f"{folder} has no {LINEAGE}: it is no adapter of the registry") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise AdapterError(
            f"{folder / LINEAGE} cannot be read: {field or 'all of it'}: {first['msg']}"
        ) from None


def lineage_of_training(folder: Path, version: str | None = None) -> Lineage:
    """The lineage of what `align sft` left in a folder.

    Args:
        version: None is the day of the training and the first digits of the weights' checksum.

    Raises:
        AdapterError: there is no record of a training that has finished, or the version is no name.
    """
    record = folder / TRAINING
    try:
        fields = json.loads(record.read_text(encoding="utf-8"))
        created = datetime.fromtimestamp(record.stat().st_mtime, UTC)
        return Lineage(
            name=fields["adapter"],
            version=version or f"{created:%Y-%m-%d}-{fields['weights_sha256'][:6]}",
            base=fields["base"]["name"],
            base_hash=fields["base"]["sha256"],
            data_hash=fields["data_sha256"],
            code=fields["code"],
            settings=fields["recipe"],
            metrics=fields["metrics"],
            parent=fields["parent"],
            created=created,
        )
    except OSError:
        raise AdapterError(f"{folder} has no {TRAINING}: no training has finished there") from None
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).strip().splitlines()[0]
        raise AdapterError(f"{record} or the version cannot be used: {reason}") from None
