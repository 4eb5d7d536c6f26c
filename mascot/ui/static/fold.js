// The talk, folded from its events. No page in here: entries in, a state out.

/** A talk in which nothing has happened. */
export function emptyTalk() {
  return {
    cast: [],
    items: [],
    current: null, // the turn that is being thought about or said
    busy: false, // between the person's words and the last word of the group
    over: true, // the floor has come back, or is about to
    floor: "", // why the floor came back
    line: "", // what went wrong, in one sentence
    pace: "reading",
    muted: new Set(),
    crisis: null,
    heard: new Set(), // keys of messages that have arrived
    place: 0, // in the line before the engine; 0 is not waiting
    wait: null, // seconds until its turn, about
  };
}

/** Folds one entry into the talk; answers with the items that are new or changed. */
export function fold(talk, { seq, at, event }) {
  const step = STEPS[event.type];
  return step ? step(talk, event, { seq, at }) : [];
}

const add = (talk, item) => {
  talk.items.push(item);
  return item;
};

const STEPS = {
  opened(talk, event) {
    talk.cast = event.cast;
    talk.pace = event.pace;
    return [];
  },
  user(talk, event, stamp) {
    const waits = event.barge === "queue" && talk.current !== null;
    talk.heard.add(event.key);
    began(talk);
    return [add(talk, { kind: "user", ...stamp, text: event.text, waits })];
  },
  asked(talk, event, stamp) {
    began(talk);
    return [add(talk, { kind: "note", ...stamp, what: "asked", agent: event.agent })];
  },
  continue(talk, _event, stamp) {
    began(talk);
    return [add(talk, { kind: "note", ...stamp, what: "went on" })];
  },
  muted(talk, event, stamp) {
    if (event.muted) talk.muted.add(event.agent);
    else talk.muted.delete(event.agent);
    return [add(talk, { kind: "note", ...stamp, what: event.muted ? "muted" : "back", agent: event.agent })];
  },
  pace(talk, event) {
    talk.pace = event.pace;
    return [];
  },
  directive(talk, event, stamp) {
    began(talk);
    talk.current = turn(talk, event.agent, stamp);
    talk.current.directive = event;
    return [talk.current];
  },
  speech(talk, event, stamp) {
    talk.busy = true; // even when this is the first thing that a page hears
    const speaker = talk.current ?? turn(talk, event.agent, stamp);
    talk.current = speaker;
    speaker.phase = "speaking";
    speaker.text += event.text;
    return [speaker];
  },
  utterance(talk, event, stamp) {
    const speaker = talk.current ?? turn(talk, event.agent, stamp);
    Object.assign(speaker, { phase: "said", text: event.text, figures: event, ended: stamp.seq });
    return [speaker, ...ended(talk)];
  },
  interrupted(talk, event, stamp) {
    const speaker = talk.current ?? turn(talk, event.agent, stamp);
    Object.assign(speaker, { phase: "cut", text: event.text, reason: event.reason, ended: stamp.seq });
    return [speaker, ...ended(talk)];
  },
  yield(talk, event, stamp) {
    talk.over = true; // after "enough" the speaker still finishes
    talk.busy = talk.current !== null;
    talk.floor = event.reason;
    talk.line = event.line;
    if (event.reason !== "failure" || !event.line) return [];
    return [add(talk, { kind: "note", ...stamp, what: "failure", line: event.line })];
  },
  crisis(talk, event) {
    talk.busy = false;
    talk.over = true;
    talk.crisis = { kind: event.kind };
    return [];
  },
  acknowledged(talk) {
    talk.crisis = null;
    talk.floor = "";
    return [];
  },
};

function began(talk) {
  talk.busy = true;
  talk.over = false;
  talk.floor = "";
  talk.line = "";
}

function turn(talk, agent, stamp) {
  return add(talk, { kind: "turn", ...stamp, agent, text: "", phase: "thinking", directive: null });
}

/** The speaker has ended: whoever waited is heard now. */
function ended(talk) {
  talk.current = null;
  talk.busy = !talk.over;
  const waiting = talk.items.filter((item) => item.kind === "user" && item.waits);
  for (const item of waiting) item.waits = false;
  return waiting;
}
