"""Agreement of any long table in a CSV file, without a store."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from annotations.statistics.agreement import Agreement, agreement_by_criterion
from annotations.statistics.errors import StatisticsError
from annotations.statistics.estimate import Estimate
from annotations.statistics.ratings import Level


@dataclass(frozen=True)
class LongTable:
    """Where the answers are: the options of `annotations agreement --csv`.

    Attributes:
        path: A CSV file in UTF-8 with one answer per row and a header.
        item: Column that names the item.
        rater: Column that names the rater.
        value: Column of the answer; an empty cell is an answer not given.
        criterion: Column that names the criterion, where there are several.
        level: What the values mean.
    """

    path: Path
    item: str
    rater: str
    value: str
    criterion: str | None = None
    level: Level = "nominal"


def agreement_of_csv(table: LongTable, draws: int = 1000, seed: int = 0) -> list[Agreement]:
    """Reads the file, checks it, and computes the agreement of each criterion.

    Raises:
        StatisticsError: in one line that names the file, and the row and column where one is at fault.
    """
    rows = _read(table)
    try:
        return agreement_by_criterion(rows, table.level, draws, seed)
    except StatisticsError as error:
        raise StatisticsError(f"{table.path}: {error}") from None


def lines(found: list[Agreement]) -> Iterator[str]:
    """The result as a table for people."""
    yield f"{'criterion':<24}{'statistic':<30}{'value':>7}   95 % interval      items  raters"
    for each in found:
        named = {
            f"Krippendorff's α ({each.level})": each.alpha,
            "Fleiss' κ": each.fleiss,
            "ICC(2,1)": each.icc_single,
            "ICC(2,k)": each.icc_mean,
        }
        for pair in each.pairs:
            named[f"κ {' – '.join(pair.raters)}"] = pair.plain
            if each.level != "nominal":
                named[f"κ quadratic {' – '.join(pair.raters)}"] = pair.quadratic
        for name, number in named.items():
            if number is not None:
                yield f"{each.criterion or '–':<24.23}{name:<30.29}{_cells(number)}"


def _cells(number: Estimate) -> str:
    if number.value is None:
        return f"{'–':>7}   {number.reason}"
    if number.low is None or number.high is None:
        return f"{number.value:7.3f}   {number.reason}"
    interval = f"{number.low:.3f} to {number.high:.3f}"
    return f"{number.value:7.3f}   {interval:<18}{number.items:>6}{number.raters:>8}"


def _read(table: LongTable) -> pd.DataFrame:
    wanted = {"item": table.item, "rater": table.rater, "value": table.value}
    if table.criterion is not None:
        wanted["criterion"] = table.criterion
    try:
        rows = pd.read_csv(table.path, dtype=str, keep_default_na=False)
    except FileNotFoundError:
        raise StatisticsError(f"{table.path}: no such file") from None
    except UnicodeDecodeError:
        raise StatisticsError(f"{table.path}: not UTF-8 text; save it as CSV in UTF-8") from None
    except (OSError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise StatisticsError(f"{table.path}: cannot be read as CSV: {str(error).strip()}") from None
    if not isinstance(rows.index, pd.RangeIndex):
        raise StatisticsError(f"{table.path}: row 2 has more cells than the header")
    for option, column in wanted.items():
        if column not in rows.columns:
            there = ", ".join(map(str, rows.columns))
            raise StatisticsError(f"{table.path}: no column '{column}' (--{option}); there are: {there}")
    chosen = pd.DataFrame({name: rows[column].str.strip() for name, column in wanted.items()})
    chosen.index = pd.RangeIndex(2, len(chosen) + 2)
    _check_cells(chosen, wanted, table)
    return chosen.assign(value=chosen["value"].where(chosen["value"] != "", None))


def _check_cells(rows: pd.DataFrame, wanted: dict[str, str], table: LongTable) -> None:
    """Every answer is of somebody, about something, and a number where the level needs one."""
    given = rows["value"] != ""
    for name in sorted(set(wanted) - {"value"}):
        missing = given & (rows[name] == "")
        if missing.any():
            raise StatisticsError(
                f"{_place(table, missing)}, column '{wanted[name]}': empty; every answer needs one"
            )
    if table.level == "nominal":
        return
    wrong = given & pd.to_numeric(rows["value"], errors="coerce").isna()
    if wrong.any():
        value = rows["value"][wrong].iloc[0]
        raise StatisticsError(
            f"{_place(table, wrong)}, column '{table.value}': '{value}' is no number; "
            f"--level {table.level} needs numbers (use nominal for names)"
        )


def _place(table: LongTable, faulty: pd.Series) -> str:
    """The first faulty row, counted as a spreadsheet does: the header is row 1."""
    return f"{table.path}: row {faulty.idxmax()}"
