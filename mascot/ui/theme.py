"""Gradio's own variables, set to the room's: system type, warm greys, nothing fetched from elsewhere.

The page's own look is in `static/*.css`; this keeps what Gradio draws around it (the first paint, an
error message) in the same tone.
"""

from __future__ import annotations

from gradio.themes import Base

FONT = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
MONO = ("ui-monospace", "Menlo", "Consolas", "monospace")

CSS = """
body, gradio-app, .gradio-container { background: var(--body-background-fill); }
.gradio-container, .gradio-container > main { padding: 0; margin: 0; max-width: none; }
.gradio-container footer { display: none; }
"""
"""Gradio's frame without its paddings and its footer."""


def room() -> Base:
    """The theme: the same ground and ink as `static/tokens.css`."""
    theme = Base(font=list(FONT), font_mono=list(MONO), neutral_hue="stone", primary_hue="stone")
    return theme.set(
        body_background_fill="#f7f5f2",
        body_background_fill_dark="#1b1a18",
        body_text_color="#2b2825",
        body_text_color_dark="#ece8e2",
    )
