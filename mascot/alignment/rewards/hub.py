"""Reward models to and from the Hugging Face Hub, each a model repository: its record, its weights, a card.

Only files of known names travel: JSON, text and safetensors, none of which can run anything. The record is
the lineage: base, checksum of the data, recipe, figures, what was refined.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any, Final

from safetensors import SafetensorError, safe_open

from mascot.alignment.rewards.directives import DirectiveReward
from mascot.alignment.rewards.group import LightGroupReward
from mascot.alignment.rewards.light import GRAMS, WEIGHTS, LightReward
from mascot.alignment.rewards.model import RECORD
from mascot.alignment.rewards.record import Metrics, RewardRecord, read_record
from mascot.engines.embedding import MiniLM
from mascot.errors import InputError, ModelError
from mascot.hub.card import card, table
from mascot.hub.repository import CARD, fetch, sizes

_EMBEDDER: Final = "sentence-transformers/all-MiniLM-L6-v2"
_MEANING: Final = (
    "A reward has no unit and no zero: differences between candidates of one place are what it means, in "
    "logits of the preference. It says what its preferences prefer, which is not what is good, and a policy "
    "that is optimised against it finds out the difference: watch length, repetition and a judge that "
    "trained nothing."
)
_OPEN: Final = f"`{GRAMS}` lists words and word pairs of the texts that it learned from, in the open."


def read_reward(folder: Path) -> RewardRecord:
    """The record of the reward model in a folder, all of whose files were looked at.

    Raises:
        ModelError: there is none, or one of its files is missing or damaged.
    """
    record = read_record(folder)
    try:
        if record.what == "group-reward":
            LightGroupReward.load(record.weights, MiniLM(folder))  # which is not read to load this
            DirectiveReward.load(record.directives)
        elif record.kind == "light":
            LightReward.load(folder, MiniLM(folder), record.personas)
        else:
            with safe_open(str(folder / WEIGHTS), framework="np") as weights:
                complete = "head" in weights.keys()  # noqa: SIM118 - no mapping
            if not complete:
                raise ModelError(f"{folder} holds no readable reward model (parts of it are missing)")
    except (OSError, SafetensorError):
        raise ModelError(f"{folder / WEIGHTS} is missing or truncated") from None
    return record


def parts(folder: Path, licence: str = "") -> dict[str, bytes]:
    """Every file of the reward model's repository, by name.

    Raises:
        ModelError: as `read_reward`.
    """
    record = read_reward(folder)
    found = {name: (folder / name).read_bytes() for name in record.parts}
    return {CARD: card_of(folder.resolve().name, record, licence).encode(), **found}


def there(repo: str, revision: str | None = None) -> dict[str, int]:
    """The files of a reward model's repository that may be fetched, with their sizes in bytes.

    Raises:
        HubError: no such repository, or the hub refuses or is not there.
        ModelError: it holds no reward model.
    """
    found = sizes(repo, revision)
    if RECORD not in found:
        raise ModelError(f"{repo} holds no reward model of ours: there is no {RECORD}")
    return {name: found[name] for name in (RECORD, WEIGHTS, GRAMS) if name in found}


def pull(repo: str, out: Path, revision: str | None = None) -> RewardRecord:
    """Bring a reward model from there into a folder, which appears when it is whole.

    Args:
        revision: a branch, a tag or a commit; None is the newest.

    Raises:
        HubError, ModelError: as `there`; or a file is damaged.
        InputError: the folder is not empty, or cannot be written.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise InputError(f"{out} is not empty: --out chooses another folder")
    names = list(there(repo, revision))
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=out.parent, prefix=".pull-") as scratch:
            made = Path(scratch) / "fetched", Path(scratch) / out.name
            fetch(repo, names, made[0], revision)
            record = _checked(made[0], repo)
            made[1].mkdir()
            for name in record.parts:  # without what huggingface_hub keeps beside them
                (made[0] / name).rename(made[1] / name)
            made[1].replace(out)
    except OSError as error:
        raise InputError(f"{out} cannot be written: {error.strerror}") from None
    return record


def _checked(folder: Path, repo: str) -> RewardRecord:
    """`read_reward` of what was fetched, whose mistakes are the repository's."""
    try:
        return read_reward(folder)
    except ModelError as error:
        raise ModelError(str(error).replace(str(folder), repo)) from None


def card_of(name: str, record: RewardRecord, licence: str = "") -> str:
    """The text of README.md: what the hub reads, what a reward means, then where it came from."""
    of_group = record.what == "group-reward"
    front: dict[str, Any] = {"tags": ["mascot-studio", "reward-model", f"{record.kind}-{record.what}"]}
    if record.base:
        front |= {"base_model": record.base.name, "base_model_relation": "adapter"}
    scored = "what a group of persona agents said over many turns" if of_group else "what a persona says"
    rows = {
        "kind": f"{record.kind} {record.what}",
        "reads": f"{record.base.name} (`{record.base.sha256}`)" if record.base else _EMBEDDER,
        "refines": record.parent or "nothing: it was trained from the beginning",
        "preferences": f"{', '.join(record.sources)} (`{record.data_sha256}`)",
        "pairs": ", ".join(f"{n} {part}" for part, n in record.pairs.items()),
        "personas": ", ".join(record.personas) or "any",
        "code": f"MASCOT Studio {record.code}",
    }
    use = "--group-reward" if of_group else "--reward"
    return card(
        front,
        name,
        f"A reward model of MASCOT Studio: it scores {scored}, as training by reward asks for.\n\n{_MEANING}",
        f"`python -m mascot rewards pull OWNER/NAME --out FOLDER --really` brings it, and `{use} FOLDER` of "
        "`python -m mascot align group` uses it.",
        table(rows),
        *([_OPEN] if GRAMS in record.parts else []),
        f"## Held-out pairs told right\n\n{table(_figures(record.metrics))}",
        f"## Settings\n\n{table(record.recipe)}",
        licence=licence,
    )


def _figures(metrics: Metrics) -> dict[str, str]:
    """Shares with their 95 % intervals, bootstrapped over themes."""
    estimates = {"all": metrics.accuracy, **metrics.by_kind}
    return {
        **{name: f"{e.value:.3f} [{e.low:.3f}, {e.high:.3f}], {e.n} themes" for name, e in estimates.items()},
        "loss, nats (a coin: 0.693)": f"{metrics.loss:.3f}",
        "calibration error": f"{metrics.calibration_error:.3f}",
    }
