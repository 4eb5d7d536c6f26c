"""What a participant sees and does at the page of a study."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

END = "complete"


class Rater:
    """Hands and eyes of one participant."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.form = page.locator("form.step")
        self.onward = page.locator("button.onward")
        self.saved = page.locator(".bar .saved")
        self.notice = page.locator(".notice")

    @property
    def step(self) -> str:
        """The id of the step that is shown."""
        self.form.wait_for()
        return self.form.get_attribute("data-step") or ""

    @property
    def kind(self) -> str:
        return self.form.get_attribute("data-kind") or ""

    def given(self) -> dict[str, list[str]]:
        """What is chosen, marked or written on the screen, by question."""
        return self.page.evaluate(
            """() => Object.fromEntries([...document.querySelectorAll("[data-question]")].map((q) => [
              q.dataset.question,
              [...q.querySelectorAll("input:checked, input[type=range]:not(.untouched), textarea, .marks q")]
                .map((e) => e.textContent || e.value),
            ]))"""
        )

    def go_on(self) -> None:
        """Presses the way on and waits for the next step."""
        before = self.step
        self.onward.click()
        self.page.wait_for_function(
            "(before) => document.querySelector('form.step')?.dataset.step !== before", arg=before
        )

    def answer(self, question: Locator) -> None:
        """Answers one question by mouse."""
        kinds = (question.get_attribute("class") or "").split()
        if "slider" in kinds:
            question.locator("input[type=range]").click()
        elif "text" in kinds:
            question.locator("textarea").fill("They listened before they spoke.")
        elif "ranking" in kinds:
            for place, row in enumerate(question.locator(".rank").all(), 1):
                row.locator(".option").nth(min(place, 2) - 1).click()
        elif "spans" in kinds:
            self.page.locator(".group .sentence").first.click()
        elif "pairwise" in kinds:
            question.locator(".option").first.click()
            question.locator(".how-much .option").nth(1).click()
        elif question.get_by_text("green", exact=True).count():
            question.locator(".option").filter(has_text="green").click()
        else:
            question.locator(".option").first.click()

    def answer_all(self) -> None:
        """Answers all that is asked on the screen, and waits until it is saved."""
        questions = self.page.locator("fieldset.question:visible").all()
        for question in questions:
            self.answer(question)
        if questions:
            expect(self.saved).to_have_attribute("data-state", "saved")

    def more(self) -> bool:
        """Whether the way on leads to another part of this step, on a narrow screen."""
        return self.page.evaluate("() => document.querySelector('form.step').dataset.more === 'true'")

    def walk(self, until: str = END) -> list[str]:
        """To a step of some kind, everything answered on the way; the steps that were seen."""
        seen = []
        while self.kind != until:
            seen.append(self.step)
            while self.more():
                self.answer_all()
                self.onward.click()
            self.answer_all()
            self.go_on()
        return seen
