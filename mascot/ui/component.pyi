"""The group chat as one Gradio component: an element in which the page's own module takes its seat."""

from __future__ import annotations

import gradio as gr

_TAKE_SEAT = """
const home = new URL("live/static/main.js", document.baseURI);
import(home.href)
  .then((module) => module.mount(element.querySelector(".mascot")))
  .catch(() => { element.querySelector(".mascot").textContent = "The page could not be loaded. Please reload it."; });
"""

from gradio.events import Dependency

class GroupChat(gr.HTML):
    """A conversation with several speakers (Gradio's Chatbot knows two).

    It holds no value and sends Gradio no events: what is said travels through the routes under `/live`,
    so that a reload, a second tab or a dropped connection loses nothing.
    """

    def __init__(self) -> None:
        super().__init__(
            html_template='<div class="mascot" lang="en"></div>',
            js_on_load=_TAKE_SEAT,
            apply_default_css=False,
            elem_id="group-chat",
        )
    from typing import Callable, Literal, Sequence, Any, TYPE_CHECKING
    from gradio.blocks import Block
    if TYPE_CHECKING:
        from gradio.components import Timer
        from gradio.components.base import Component