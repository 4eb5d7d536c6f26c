"""Telling visitors apart without knowing who they are.

What limits are counted by is a digest of the visitor's network address with a secret of this process: it
stands in memory only, leads back to no address, and is another one after every restart.
"""

from __future__ import annotations

import hashlib
import secrets

from starlette.requests import Request


class Visitors:
    """Gives visitors a name that lasts as long as the process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(16)

    def name(self, request: Request) -> str:
        """The visitor's; empty where nobody knows the address. Behind a proxy the server has put the
        visitor's own address in the place of the proxy's; it can be forged there, so a limit by it is a
        courtesy between visitors, and the line and the day's budget are what holds."""
        address = request.client.host if request.client else ""
        return (
            hashlib.blake2b(address.encode(), key=self._secret, digest_size=12).hexdigest() if address else ""
        )
