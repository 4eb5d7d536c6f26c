"""How native threads wait is settled before the libraries are loaded, and a setting of one's own stays."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mascot.engines.threads import cores, spin_briefly


@pytest.mark.parametrize(("set_before", "holds"), [(None, "1000"), ("20", "20")])
def test_threads_spin_briefly_unless_the_environment_says_otherwise(
    set_before: str | None, holds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", set_before or "")  # so that it is put back afterwards
    if set_before is None:
        monkeypatch.delenv("GOMP_SPINCOUNT")
    spin_briefly()
    assert os.environ["GOMP_SPINCOUNT"] == holds


@pytest.mark.parametrize(
    ("files", "allowed"),
    [
        ({}, 6),
        ({"cpu.max": "max 100000\n"}, 6),
        ({"cpu.max": "150000 100000\n"}, 2),
        ({"cpu.max": "5000 100000\n"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 6),
        ({"cpu/cpu.cfs_quota_us": "400000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 4),
        ({"cpu.max": "nonsense"}, 6),
    ],
)
def test_cores_are_what_the_container_is_given_and_not_what_the_machine_has(
    files: dict[str, str], allowed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CPU_CORES", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(6)))
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert cores(tmp_path) == allowed
    monkeypatch.setenv("CPU_CORES", "1")
    assert cores(tmp_path) == 1
