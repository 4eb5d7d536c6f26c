"""Policy optimisation as the command line asks for it: from options to folders with adapters."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

import mascot.adapters
from mascot.alignment.director_stage import DirectorStage
from mascot.alignment.group_stage import GroupStage
from mascot.alignment.options import check_out
from mascot.alignment.persona_stage import PersonaStage, Unseen
from mascot.alignment.places import persona_places, talk_starts
from mascot.alignment.plots import draw_rewards
from mascot.alignment.policy_recipe import GroupRecipe, PolicyRecipe
from mascot.alignment.policy_record import Parent, described, fingerprint, read_parent, write_adapter
from mascot.alignment.policy_run import OBJECTIVE, PolicyProgress, PolicyRun, Row, Stage
from mascot.alignment.precision import precision_for
from mascot.alignment.preferences import Candidate
from mascot.alignment.preferences_expert import expert_blocks
from mascot.alignment.rewards.directives import chosen_in
from mascot.alignment.rewards.load import load_directive_reward, load_group_reward, load_reward
from mascot.alignment.rewards.model import RECORD as REWARD
from mascot.alignment.rewards.session import recipe_of
from mascot.alignment.samples import DIRECTOR
from mascot.alignment.session import embedded_base
from mascot.alignment.sft import Base, is_finished, sha256
from mascot.alignment.table import Table
from mascot.alignment.tracking import Log, tracking
from mascot.conversation.personas import Cast, load_cast
from mascot.corpora.dialogues import group_dialogues
from mascot.corpora.expert import expert_corpus
from mascot.errors import InputError
from mascot.settings import Settings, read_settings

_SHIPPED = Path(mascot.adapters.__file__).parent / "shipped"


def run_persona(options: argparse.Namespace) -> int:
    """Stage 1; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    settings, cast, base = begin(options)
    personas = options.personas or list(cast.ids)
    for name in personas:
        if name not in cast:
            raise InputError(f"there is no persona {name!r}: choose from {', '.join(cast.ids)}")
    corpus = expert_corpus(), group_dialogues(), cast
    model = load_reward(options.reward, settings.models, cast, options.device)
    parents = {name: read_parent(start_folder(options, name), base) for name in personas}
    recipe = shaped(recipe_of(options, PolicyRecipe), list(parents.values()))
    table = Table(base.loaded, cast, recipe)
    with tracking(options.log, options.out, options.resume) as log:
        for name, parent in parents.items():
            train, dev = (
                [p for p in persona_places(*corpus, part, recipe.seed) if p.persona == name]
                for part in ("train", "dev")
            )
            data = _checksum([options.reward / REWARD], train, dev)
            about = {options.out / name: described(name, parent, base, data, recipe.model_dump())}
            _optimise(
                lambda n=name, p=parent, t=train, d=dev: PersonaStage(
                    table, n, p.weights, model, t, d, recipe, _unseen()
                ),
                table, recipe, options.out / name, about, log,
            )  # fmt: skip
    return _end(options.out)


def run_director(options: argparse.Namespace) -> int:
    """Stage 1 of the director; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    _, cast, base = begin(options)
    model = load_directive_reward(options.group_reward)
    parent = read_parent(start_folder(options, DIRECTOR), base)
    recipe = shaped(recipe_of(options, PolicyRecipe), [parent])
    table = Table(base.loaded, cast, recipe)
    rows = expert_blocks()
    train, dev = (
        [one for row in rows if row.split == part for one in chosen_in(row, cast)]
        for part in ("train", "dev")
    )
    data = _checksum([options.group_reward / REWARD], train, dev)
    about = {options.out / DIRECTOR: described(DIRECTOR, parent, base, data, recipe.model_dump())}
    with tracking(options.log, options.out, options.resume) as log:
        _optimise(
            lambda: DirectorStage(table, parent.weights, model, train, dev, recipe),
            table, recipe, options.out / DIRECTOR, about, log,
        )  # fmt: skip
    return _end(options.out)


def run_group(options: argparse.Namespace) -> int:
    """Stage 2; returns the exit code.

    Raises:
        MascotError: what cannot be trained, in one line.
    """
    settings, cast, base = begin(options)
    group = load_group_reward(options.group_reward, settings.models)
    directives = load_directive_reward(options.group_reward)
    own = load_reward(options.reward, settings.models, cast, options.device)
    parents = {name: read_parent(start_folder(options, name), base) for name in (DIRECTOR, *cast.ids)}
    recipe = shaped(recipe_of(options, GroupRecipe), list(parents.values()))
    table = Table(base.loaded, cast, recipe)
    train, dev = (talk_starts(group_dialogues(), part) for part in ("train", "dev"))
    data = _checksum([options.reward / REWARD, options.group_reward / REWARD], train, dev)
    about = {
        options.out / name: described(name, parent, base, data, recipe.model_dump())
        for name, parent in parents.items()
    }
    weights = {name: parent.weights for name, parent in parents.items()}
    with tracking(options.log, options.out, options.resume) as log:
        _optimise(
            lambda: GroupStage(table, weights, group, directives, own, train, dev, recipe),
            table, recipe, options.out, about, log,
        )  # fmt: skip
    return _end(options.out)


def _optimise(
    stage_of: Callable[[], Stage],
    table: Table,
    recipe: PolicyRecipe,
    folder: Path,
    about: dict[Path, dict[str, Any]],
    log: Log,
) -> None:
    """Run a stage; what is finished already is left alone.

    Args:
        folder: where its curves and its checkpoint lie.
        about: what becomes of each adapter, by the folder of its name that it is left in.

    Raises:
        ModelError: a folder holds the work of another base, data or settings.
    """
    finished = [is_finished(place, description) for place, description in about.items()]
    if all(finished):
        return
    stage = stage_of()
    run = PolicyRun(stage, recipe, folder, fingerprint({place.name: told for place, told in about.items()}))
    # Nothing is drawn before the first step, so that a refusal is a line by itself.
    bar = tqdm(desc=folder.name, total=recipe.steps, unit="step", mininterval=_seldom(), delay=0.1)

    def on_step(progress: PolicyProgress) -> None:
        tell_step(log, folder.name, progress)
        dev = progress.dev[-1]
        bar.set_postfix(dev=f"{dev[OBJECTIVE]:.3f}", best=f"{progress.best[OBJECTIVE]:.3f}", refresh=False)
        bar.update(progress.step - bar.n)

    def keep() -> None:
        metrics = metrics_of(run.progress)
        for place, description in about.items():
            weights = run.best[place.name]
            write_adapter(place, table.student, weights, table.encode.invocation, description, metrics)

    with bar:
        run.run(on_step, keep)


def tell_step(log: Log, run: str, progress: PolicyProgress) -> None:
    """Tell what the last step was, and what it has added to dev; the first comes with the one before it."""
    log(run, "train", progress.steps[-1], progress.step)
    for row in progress.dev:
        if progress.step in (row["step"], 1):
            log(run, "dev", row, int(row["step"]))


def metrics_of(progress: PolicyProgress) -> Row:
    """Before and after, as the lineage keeps it: every figure of dev at the start, and where it was best."""
    first, best = progress.dev[0], progress.best
    before = {f"{name}_before": value for name, value in first.items() if name != "step"}
    after = {name: value for name, value in best.items() if name != "step"}
    seconds = round(progress.seconds, 1)
    return {**before, **after, "best_step": best["step"], "steps": progress.step, "seconds": seconds}


def begin(options: argparse.Namespace) -> tuple[Settings, Cast, Base]:
    """Settings, cast and base model of a run.

    Raises:
        InputError: the folder it should go into is not empty.
    """
    if options.threads:
        torch.set_num_threads(options.threads)
    check_out(options.out, options.resume)
    options.precision = precision_for(options)
    settings = read_settings()
    return settings, load_cast(settings.home / "personas"), embedded_base(settings.models, options.device)


def start_folder(options: argparse.Namespace, name: str) -> Path:
    """Where an adapter begins: the folder of that name under --start, or what is shipped."""
    return (options.start or _SHIPPED) / name


def shaped(recipe: Any, parents: Sequence[Parent]) -> Any:
    """The recipe with the shape of the adapters that it begins with, which is one for all."""
    shapes = {(parent.rank, parent.alpha) for parent in parents}
    if len(shapes) > 1:
        raise InputError("the adapters under --start differ in rank or alpha: take those of one training")
    rank, alpha = shapes.pop()
    return recipe.model_copy(update={"rank": rank, "alpha": alpha})


def _checksum(files: Sequence[Path], *places: Any) -> str:
    digest = hashlib.sha256("".join(sha256(file) for file in files).encode())
    digest.update(repr(places).encode())
    return digest.hexdigest()


def _unseen() -> Unseen | None:
    """Whether a classifier of expert voices knows the speaker; None without scikit-learn."""
    try:
        from mascot.evaluation.attribution import WhoSpoke
    except ImportError:
        return None
    known = [(r.says, a) for s in expert_corpus() if s.split == "train" for a, r in s.replies.items()]
    who = WhoSpoke(*zip(*known, strict=True))

    def look(said: Sequence[Candidate]) -> Row:
        guessed = who.guess([candidate.says for candidate in said])
        right = [guess == c.persona for guess, c in zip(guessed, said, strict=True)]
        return {"recognised": sum(right) / len(right)}

    return look


def _seldom() -> float:
    return 0.5 if sys.stderr.isatty() else 20.0


def _end(out: Path) -> int:
    draw_rewards(out)
    sys.stdout.write(f"trained into {out}\n")
    return 0
