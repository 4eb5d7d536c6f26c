"""Ready-made instruments (`*.yaml`, read by `studies.design.instruments`) and sets of questions.

A set of questions (`questions/*.yaml`) is a title, a source, a licence and a list of tasks that is copied
into the `tasks` of a study file and changed there. Instruments are named there: `instrument: epitome`.
"""

from __future__ import annotations

from importlib.resources import files

from pydantic import Field

from mascot.conversation.events import Record
from studies.design.tasks import Task
from studies.design.yaml_file import parse


class QuestionSet(Record):
    """Tasks that go together, with where they come from."""

    title: str = Field(min_length=1)
    source: str = Field(min_length=1)
    licence: str = Field(min_length=1)
    tasks: tuple[Task, ...] = Field(min_length=1)


def question_sets() -> dict[str, QuestionSet]:
    """All ready-made sets of questions by name.

    Raises:
        MistakesError: one of the files is wrong; every mistake with its line and field.
    """
    folder = files("studies.instruments") / "questions"
    found = sorted((file for file in folder.iterdir() if file.name.endswith(".yaml")), key=lambda f: f.name)
    return {
        file.name.removesuffix(".yaml"): parse(file.read_text("utf-8"), file.name, QuestionSet)
        for file in found
    }
