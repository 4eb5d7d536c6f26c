"""The server around the page."""

from __future__ import annotations

import socket

import pytest

from mascot.errors import SettingsError
from mascot.settings import Settings
from mascot.ui.page import start
from tests.unit.ui.fake import FakeLive


def test_an_occupied_port_is_one_line_that_names_it() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port}.*MASCOT_PORT={port + 1}"):
            start(FakeLive(), Settings(port=port))  # pyright: ignore


def test_a_host_of_another_machine_is_one_line() -> None:
    with pytest.raises(SettingsError, match=r"192\.0\.2\.1"):
        start(FakeLive(), Settings(host="192.0.2.1", port=0))  # pyright: ignore
