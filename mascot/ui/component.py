"""The group chat as one Gradio component: an element in which the page's own module takes its seat."""

from __future__ import annotations

import gradio as gr

_TAKE_SEAT = """
const seat = element.querySelector(".mascot");
import(new URL("live/static/main.js", document.baseURI).href)
  .then((module) => module.mount(seat))
  .catch(() => { seat.textContent = "The page could not be loaded. Please reload it."; });
"""


def group_chat() -> gr.HTML:
    """A conversation with several speakers (Gradio's Chatbot knows two).

    It holds no value and sends Gradio no events: what is said travels through the routes under `/live`,
    so that a reload, a second tab or a dropped connection loses nothing. (A function and not a subclass
    of `gr.HTML`, because Gradio writes a type stub beside the source file of every subclass.)
    """
    return gr.HTML(
        html_template='<div class="mascot" lang="en"></div>',
        js_on_load=_TAKE_SEAT,
        apply_default_css=False,
        elem_id="group-chat",
    )
