"""Looks for what must never leave: tokens and keys in files that are about to be published."""

from __future__ import annotations

import re

_SECRETS = {
    "a Hugging Face token": r"\bhf_[A-Za-z0-9]{30,}\b",
    "an OpenAI key": r"\bsk-[A-Za-z0-9_-]{32,}\b",
    "an AWS key": r"\bAKIA[0-9A-Z]{16}\b",
    "a GitHub token": r"\bgh[pousr]_[A-Za-z0-9]{36,}\b",
    "a Slack token": r"\bxox[abprs]-[A-Za-z0-9-]{20,}\b",
    "a Google key": r"\bAIza[0-9A-Za-z_-]{35}\b",
    "a private key": r"-----BEGIN [A-Z ]*PRIVATE KEY-----",
    "a password in an address": r"\b[a-z][a-z+]{2,}://[^\s:/@{}<>*\"']+:[^\s:/@{}<>*\"'%$]{6,}@(?!127\.|localhost)[\w.-]+",
}
_PATTERNS = {what: re.compile(pattern) for what, pattern in _SECRETS.items()}


def secrets_in(content: bytes) -> list[tuple[int, str]]:
    """The line and the kind of everything that looks like a secret; files that are no text hold none."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    return [
        (text.count("\n", 0, found.start()) + 1, what)
        for what, pattern in _PATTERNS.items()
        for found in pattern.finditer(text)
    ]
