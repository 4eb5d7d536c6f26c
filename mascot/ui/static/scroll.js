// Follows the newest words, but only for a reader who is there already.

import { h, icon } from "./dom.js";

const NEAR = 96;

/** Keeps `scroller` at its end; `button` shows when there is something new below. */
export class Follower {
  constructor(scroller) {
    this.scroller = scroller;
    this.following = true;
    this.button = h(
      "button",
      { type: "button", class: "below", hidden: true, onclick: () => this.toEnd() },
      icon("down"),
      "new words below",
    );
    scroller.addEventListener("scroll", () => this.#moved(), { passive: true });
    new ResizeObserver(() => this.following && this.#jump()).observe(scroller);
  }

  /** Something was added or has grown. */
  grew() {
    if (this.following) this.#jump();
    else this.button.hidden = false;
  }

  /** The reader wants to be at the end. */
  toEnd() {
    this.following = true;
    this.button.hidden = true;
    this.#jump();
  }

  /** The reader wants to begin at the top (the welcome). */
  toStart() {
    this.following = false;
    this.button.hidden = true;
    this.scroller.scrollTop = 0;
  }

  #jump() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #moved() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    this.following = scrollHeight - scrollTop - clientHeight < NEAR;
    if (this.following) this.button.hidden = true;
  }
}
