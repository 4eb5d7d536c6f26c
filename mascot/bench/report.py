"""Figures as they are kept and shown: aims reached or not, a table in the terminal, a page of Markdown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mascot.bench import autogen, decoding, directing, first_token, process, streams
from mascot.bench.measure import Figure, figure_of

Measured = Mapping[str, Sequence[Figure]]
"""Figures by part."""


class MissingError(LookupError):
    """A figure that was not measured."""


@dataclass(frozen=True)
class Aim:
    """A ratio that is aimed at."""

    what: str
    bound: float
    at_least: bool
    value: Callable[[Measured], float]
    """Raises MissingError where a part is missing."""
    unit: str = "×"


@dataclass(frozen=True)
class Verdict:
    """What became of an aim."""

    what: str
    aim: str
    value: float | None
    """None: not measured."""
    reached: bool | None
    unit: str

    @property
    def shown(self) -> str:
        return "not measured" if self.value is None else f"{self.value:.3g} {self.unit}"

    @property
    def word(self) -> str:
        return {True: "reached", False: "not reached", None: "—"}[self.reached]


def judge(measured: Measured) -> list[Verdict]:
    """Every aim, compared with what was measured."""
    verdicts = []
    for aim in _AIMS:
        sign = "≥" if aim.at_least else "≤"
        try:
            value = aim.value(measured)
        except MissingError:
            value = None
        reached = None if value is None else (value >= aim.bound if aim.at_least else value <= aim.bound)
        verdicts.append(Verdict(aim.what, f"{sign} {aim.bound:g} {aim.unit}", value, reached, aim.unit))
    return verdicts


def measured_of(document: Mapping[str, Any]) -> dict[str, list[Figure]]:
    """The figures in a document of results."""
    return {name: [figure_of(row) for row in part["figures"]] for name, part in document["parts"].items()}


def terminal(document: Mapping[str, Any]) -> Iterator[str]:
    """Lines to read: every figure, then every aim."""
    measured = measured_of(document)
    for part, figures in measured.items():
        yield ""
        yield f"{part}  ({_when(document['parts'][part])})"
        for figure in figures:
            at = f" at {figure.at}" if figure.at is not None else ""
            yield f"  {figure.what + at:<46}{figure.median:10.3f} {figure.unit:<6} {_spread(figure)}"
    yield ""
    for verdict in judge(measured):
        yield f"  {verdict.what:<66}{verdict.aim:>10}{verdict.shown:>16}  {verdict.word}"


def markdown(document: Mapping[str, Any], picture: str) -> str:
    """The page that is published with the figures."""
    measured = measured_of(document)
    versions = ", ".join(f"{name} {version}" for name, version in document["machine"]["versions"].items())
    about = document["machine"]
    lines = [
        "# What it costs to be many",
        "",
        f"Written by `{document['command']}`; every sample is in the JSON file beside this page.",
        "",
        f"{about['processor']}, {about['cores']} cores, {about['memory_gib']} GiB, {about['system']}, "
        f"Python {about['python']}; {versions}. Embedded model, threads: {document['threads']}.",
        "",
        "## Aims",
        "",
        "| | aim | measured | |",
        "|---|---|---|---|",
        *(f"| {v.what} | {v.aim} | {v.shown} | {v.word} |" for v in judge(measured)),
        "",
        f"![History length against time to first token]({picture})",
    ]
    for part, figures in measured.items():
        lines += ["", f"## {part}", "", f"{_when(document['parts'][part])}.", ""]
        lines += ["| | at | median | smallest to largest | samples |", "|---|---|---|---|---|"]
        lines += [
            f"| {f.what} | {f.at if f.at is not None else ''} | {f.median:.3f} {f.unit} | {_spread(f)} "
            f"| {len(f.samples)} |"
            for f in figures
        ]
    return "\n".join(lines) + "\n"


def _when(part: Mapping[str, Any]) -> str:
    quick = ", quick" if part["quick"] else ""
    return f"{part['date']}, {part['seconds']:.0f} s{quick}, load before {part['load_before']:.2f}"


def _spread(figure: Figure) -> str:
    return f"{figure.low:.3f} to {figure.high:.3f}" if len(figure.samples) > 1 else ""


def _median(measured: Measured, part: str, what: str, at: int | None = None) -> float:
    for figure in measured.get(part, ()):
        if figure.what == what and (at is None or figure.at == at):
            return figure.median
    raise MissingError(f"{part}: {what}")


def _speed_up(measured: Measured) -> float:
    part = "first-token/llamacpp"
    ours = _median(measured, part, first_token.OURS, 4096)
    return _median(measured, part, first_token.CARD_FIRST, 4096) / ours


def _growth(measured: Measured) -> float:
    part = "first-token/llamacpp"
    return _median(measured, part, first_token.OURS, 4096) / _median(measured, part, first_token.OURS, 128)


def _decode(engine: str) -> Callable[[Measured], float]:
    part = f"decode/{engine}"
    return lambda m: _median(m, part, decoding.OURS) / _median(m, part, decoding.BARE)


def _together(engine: str) -> Callable[[Measured], float]:
    part = f"streams/{engine}"
    return lambda m: _median(m, part, streams.SUM, 8) / _median(m, part, streams.SUM, 1)


def _beside(engine: str) -> Callable[[Measured], float]:
    part = f"busy/{engine}"
    return lambda m: (
        _median(m, part, f"decoding, {streams.BUSY}") / _median(m, part, f"decoding, {streams.IDLE}")
    )


def _prompt_tokens(measured: Measured) -> float:
    sent = _median(measured, "autogen", f"{autogen.AUTOGEN}: {autogen.SENT}")
    return sent / _median(measured, "autogen", f"{autogen.OURS}: {autogen.READ}")


_AIMS = (
    Aim("time to first token at 4k history, card first ÷ ours (llamacpp)", 12, True, _speed_up),
    Aim("growth of our time to first token from 128 to 4k tokens (llamacpp)", 1.8, False, _growth),
    Aim(
        "director's share of a turn's wall time (app)",
        15,
        False,
        lambda m: _median(m, "app", process.SHARE),
        "%",
    ),
    Aim(
        "director's share of a turn at 2k history (llamacpp)",
        15,
        False,
        lambda m: _median(m, "director/llamacpp", directing.SHARE),
        "%",
    ),
    Aim("decode ÷ bare engine (llamacpp)", 0.95, True, _decode("llamacpp")),
    Aim("decode ÷ bare engine (transformers)", 0.95, True, _decode("transformers")),
    Aim("sum at 8 conversations ÷ 1 conversation (llamacpp)", 1.5, True, _together("llamacpp")),
    Aim("sum at 8 conversations ÷ 1 conversation (transformers)", 3, True, _together("transformers")),
    Aim("decode with one core busy ÷ idle (llamacpp)", 0.45, True, _beside("llamacpp")),
    Aim("decode with one core busy ÷ idle (transformers)", 0.45, True, _beside("transformers")),
    Aim(
        "prompt tokens per turn, sent by AutoGen ÷ read by ours (same kind of server)",
        8,
        True,
        _prompt_tokens,
    ),
    Aim(
        "memory of the app on the embedded default",
        900,
        False,
        lambda m: _median(m, "app", process.PEAK),
        "MiB",
    ),
)
