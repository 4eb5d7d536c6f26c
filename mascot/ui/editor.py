"""The persona editor's page: an empty room that its module furnishes."""

from __future__ import annotations

from mascot.ui.answers import HEADERS

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Personas · MASCOT Studio</title>
<link rel="icon" href="data:,">
<script type="module" src="live/static/personas.js"></script>
</head>
<body>
<div class="mascot">Connecting…</div>
</body>
</html>
"""
"""Addresses are relative, so that the page works behind any proxy path."""

PAGE_HEADERS = HEADERS | {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'"
}
"""No script but our own runs here, whatever stands in a card."""
