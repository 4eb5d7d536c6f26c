"""How native threads wait is settled before the libraries are loaded, and a setting of one's own stays."""

from __future__ import annotations

import os

import pytest

from mascot.engines.threads import spin_briefly


@pytest.mark.parametrize(("set_before", "holds"), [(None, "1000"), ("20", "20")])
def test_threads_spin_briefly_unless_the_environment_says_otherwise(
    set_before: str | None, holds: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOMP_SPINCOUNT", set_before or "")  # so that it is put back afterwards
    if set_before is None:
        monkeypatch.delenv("GOMP_SPINCOUNT")
    spin_briefly()
    assert os.environ["GOMP_SPINCOUNT"] == holds
