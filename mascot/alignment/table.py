"""What both stages of policy optimisation share: a student, its words, and the places it speaks in."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from tempfile import NamedTemporaryFile

import torch

from mascot.alignment.contexts import Contexts, Ids
from mascot.alignment.places import start_of
from mascot.alignment.policy import Act, Drawing, Start, draw
from mascot.alignment.policy_learner import PolicyLearner
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.preferences import Candidate
from mascot.alignment.rewards.directives import Choice
from mascot.alignment.samples import DIRECTOR, Sample, heard
from mascot.alignment.shaping import Spoken
from mascot.alignment.student import Student
from mascot.alignment.tokens import Encoder
from mascot.conversation.personas import Cast
from mascot.director.model import THE_PERSON, ask
from mascot.engines.hf_load import Loaded


class Table:
    """A model that takes the parts of all agents, one adapter at a time."""

    def __init__(self, base: Loaded, cast: Cast, recipe: PolicyRecipe, dropout: float = 0.0) -> None:
        self.cast = cast
        self.encode = Encoder(base)
        if recipe.precision == "half":
            torch.nn.Module.to(base.model, torch.bfloat16)
        self.student = Student(base.model, recipe.rank, recipe.alpha, dropout)
        self.device = base.model.device
        self._drawing = Drawing(recipe.temperature, recipe.limit, frozenset({self.encode.end}))
        self._seed = recipe.seed

    def lot(self, *what: object) -> torch.Generator:
        """Random numbers that are a function of the seed and of what they are for."""
        digest = hashlib.sha256("/".join(map(str, (self._seed, *what))).encode()).digest()
        return torch.Generator(self.device).manual_seed(int.from_bytes(digest[:7], "big"))

    def read(self, contexts: Iterable[Ids]) -> Contexts:
        """These contexts, read under the base model alone."""
        with NamedTemporaryFile(prefix=".contexts-") as scratch:
            # The file goes at once and its memory stays: whatever ends this process, nothing is left behind.
            read = Contexts(self.student.base, Path(scratch.name), contexts)
        with self.student.resting():
            for _ in read.read():
                pass
        return read

    def asked(self, choice: Choice) -> Start:
        """Where a director's answer begins, as it is asked in a live conversation, and what it may be."""
        cast, named = self.cast, choice.options
        answered = ""
        if choice.question == "who":
            named = tuple(cast[option].name if option in cast else THE_PERSON for option in choice.options)
        else:
            answered = f" {cast[choice.persona].name}. {choice.question.capitalize()}:"
        prompt = ask(heard(choice.context, cast), cast, answered, trained=True)
        question = Sample("", DIRECTOR, prompt, "", ends=False)
        return start_of(question, self.encode, [f" {option}" for option in named])

    def start(self, place: Candidate) -> Start:
        """Where what is said in a place begins."""
        return start_of(place.sample(self.cast), self.encode)

    def draw(
        self, learner: PolicyLearner, starts: Sequence[Start], contexts: Contexts, lot: torch.Generator
    ) -> list[Act]:
        """An act of the learner's for each start."""
        return draw(learner.awake(), contexts, starts, self._drawing, lot)

    def spoken(self, place: Candidate, act: Act) -> Spoken:
        """What an act says."""
        return Spoken(place, self.encode.text(act.said).strip(), act.ended)
