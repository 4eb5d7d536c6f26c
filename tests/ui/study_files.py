"""Two small studies with finished dialogues, written by hand: no model is needed to see every step."""

from __future__ import annotations

import json
from pathlib import Path

from mascot.evaluation.dialogue import Dialogue, Said, Start

ARMS = ("mascot", "random-order", "base-model")
"""What no participant may find out."""
FIRST = (
    "My best friend got engaged and all I felt was jealous. I said congratulations and then I cried in the car. "
    "What kind of friend does that make me?"
)
MANY = 24
"""Copies of the one situation: whoever leaves keeps an item for a while, and nobody shall wait for it."""
SAID: dict[str, tuple[tuple[str, str], ...]] = {
    "mascot": (
        ("anchor", "Crying in the car after you had been kind to her: both of those were you. That is a lot to "
         "hold in one afternoon."),
        ("catalyst", "When you look at the ring in your mind, what is it that you would want for yourself? The "
         "wedding, or to be somebody's first call?"),
        ("beacon", "You congratulated her first and cried afterwards. Somebody who did not care would have done "
         "neither."),
        ("action-guide", "Before the week is over, ask her for an hour, only the two of you, and let her tell the "
         "whole story once."),
    ),
    "random-order": (
        ("action-guide", "Write her a card tonight. Two sentences are enough."),
        ("anchor", "It stings when something good happens to someone near. I hear how that startled you."),
        ("action-guide", "Then put the day of the party into your calendar, and something for yourself on the day "
         "after."),
        ("catalyst", "Could it be that the jealousy says more about this year of yours than about her?"),
    ),
    "base-model": (
        ("beacon", "You are a wonderful friend and everything will be fine."),
        ("anchor", "I am sorry that you feel this way. It is normal to feel this way."),
        ("beacon", "You are a wonderful person. Many people feel this way."),
        ("catalyst", "It is normal to feel jealous. Why do you feel jealous?"),
    ),
}  # fmt: skip

HEAD = """\
title: {en: "How do groups of companions talk?", de: "Wie sprechen Gruppen von Begleitern?"}
contact: study@example.org
languages: [en, de]
country: GB
consent:
  version: "1"
  text:
    en: |
      You will read short conversations between a person and a small group of companions, and say what you think
      of them. It takes about ten minutes.

      - Your answers are kept under a number, without your name or address.
      - You can stop at any step, and take everything back later by a link of your own.
    de: |
      Sie lesen kurze Gespräche zwischen einer Person und einer kleinen Gruppe von Begleitern und sagen, was Sie
      davon halten. Es dauert etwa zehn Minuten.

      - Ihre Antworten werden unter einer Nummer aufbewahrt, ohne Ihren Namen oder Ihre Adresse.
      - Sie können bei jedem Schritt aufhören und später über einen eigenen Link alles zurücknehmen.
  choices:
    - id: publish
      text:
        en: May we publish your answers, without anything that points to you?
        de: Dürfen wir Ihre Antworten veröffentlichen, ohne alles, was auf Sie hinweist?
warning:
  en: People in these conversations speak of hard moments, such as loss, guilt and loneliness.
  de: Die Menschen in diesen Gesprächen sprechen von schweren Augenblicken, etwa von Verlust, Schuld und Einsamkeit.
instructions:
  text:
    en: |
      Read each conversation as if a friend had shown it to you. Then say what you think of it; there are no
      right answers.

      The person speaks first, and the companions answer one after another.
    de: |
      Lesen Sie jedes Gespräch, als hätte ein Freund es Ihnen gezeigt. Sagen Sie dann, was Sie davon halten; es
      gibt keine richtigen Antworten.

      Die Person spricht zuerst, und die Begleiter antworten einer nach dem anderen.
  example:
    - speaker: {en: Person, de: Person}
      text: {en: I forgot my sister's birthday., de: Ich habe den Geburtstag meiner Schwester vergessen.}
    - speaker: {en: Companion, de: Begleiter}
      text:
        en: And it bothers you, because she matters to you.
        de: "Und es lässt Ihnen keine Ruhe, weil sie Ihnen wichtig ist."
comprehension:
  - id: who-first
    text: {en: "Who speaks first?", de: "Wer spricht zuerst?"}
    options:
      person: {en: The person, de: Die Person}
      companion: {en: A companion, de: Ein Begleiter}
    right: person
    explain:
      en: The person speaks first, and the companions answer.
      de: "Die Person spricht zuerst, und die Begleiter antworten."
debrief:
  en: |
    The conversations were made by computer programs in different ways. With your answers we learn which way of
    talking in a group does people good. Thank you.
  de: |
    Die Gespräche wurden auf verschiedene Weise von Computerprogrammen gemacht. Mit Ihren Antworten lernen wir,
    welche Art, in der Gruppe zu sprechen, Menschen guttut. Danke.
questionnaire:
  - id: used-before
    text: {en: "Have you talked with a chatbot about feelings before?", de: "Haben Sie schon einmal mit einem Chatbot über Gefühle gesprochen?"}
    options:
      never: {en: never, de: nie}
      once: {en: once or twice, de: ein- oder zweimal}
      often: {en: more often, de: öfter}
    required: true
  - id: remark
    text: {en: "Is there anything you would like to tell us?", de: "Möchten Sie uns noch etwas sagen?"}
names: shown
"""

WHOLE = """\
arms: {mascot: {}, random-order: {policy: random}, base-model: {adapters: none}}
dialogues: {folder: dialogues}
items_per_person: 7
overlap: {dialogue: 4, pair: 4, triple: 6}
tasks:
  - {kind: scales, instrument: companion-group, items: [fidelity, originality-specificity]}
  - {kind: scales, instrument: overall}
  - kind: pairwise
    id: better
    text: {en: "Which conversation would have helped the person more?", de: "Welches Gespräch hätte der Person mehr geholfen?"}
    reason: {en: "What made the difference?", de: "Was hat den Unterschied gemacht?"}
  - kind: ranking
    id: order
    text: {en: "Put the three conversations in order, the most helpful first.", de: "Bringen Sie die drei Gespräche in eine Reihenfolge, das hilfreichste zuerst."}
attention:
  - id: read
    at: [2]
    text: {en: "If you read this, choose the word green.", de: "Wenn Sie das lesen, wählen Sie das Wort grün."}
    options: {red: {en: red, de: rot}, green: {en: green, de: grün}}
    expected: green
"""

CLOSELY = """\
arms: {mascot: {}}
dialogues: {folder: dialogues}
items_per_person: 1
overlap: {dialogue: 9, pair: 0, triple: 0}
tasks:
  - {kind: contribution}
  - {kind: attribution, turns: 1}
  - {kind: next-speaker, turns: 1}
  - {kind: scales, instrument: overall}
  - kind: spans
    id: marks
    text: {en: "Mark what did good or harm.", de: "Markieren Sie, was gut oder nicht gut tat."}
    labels: {good: {en: did good, de: tat gut}, bad: {en: did harm, de: tat nicht gut}}
  - kind: text
    id: why
    text: {en: "What struck you?", de: "Was ist Ihnen aufgefallen?"}
"""


def write(folder: Path) -> list[Path]:
    """The studies `whole` (every kind of item) and `closely` (every kind of question about one dialogue)."""
    dialogues = folder / "dialogues"
    dialogues.mkdir(parents=True, exist_ok=True)
    ids = [f"s{i:02}" for i in range(1, MANY + 1)]
    starts = [Start(id=id, source="study", domain="", emotion="", text=FIRST) for id in ids]
    (dialogues / "situations.jsonl").write_text("".join(f"{each.model_dump_json()}\n" for each in starts), "utf-8")
    for arm, turns in SAID.items():
        said = tuple(Said(agent=agent, text=text) for agent, text in turns)
        held = [Dialogue(id=id, source="study", said=said).model_dump_json() for id in ids]
        lines = [json.dumps({"run": {}}), *held]
        (dialogues / f"{arm}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    paths = {folder / "whole.yaml": WHOLE, folder / "closely.yaml": CLOSELY}
    for path, own in paths.items():
        path.write_text(HEAD + own, "utf-8")
    return list(paths)
