// The editor's side of the server. Nothing that is sent here is kept there.

const BASE = new URL("../personas", import.meta.url);

async function call(what, body, type = "application/json") {
  let response;
  try {
    const post = body && { method: "POST", body, headers: { "Content-Type": type } };
    response = await fetch(BASE + what, { credentials: "omit", cache: "no-store", ...post });
  } catch {
    throw new Error("The server cannot be reached.");
  }
  if (response.ok) return response;
  const answer = await response.json().catch(() => null);
  throw new Error(answer?.error ?? "The server could not answer.");
}

export const cast = async () => (await call("")).json();
export const check = async (fields) => (await call("/check", JSON.stringify({ fields }))).json();

/** A persona's fields out of a file. */
export async function read(file) {
  const name = new URLSearchParams({ name: file.name });
  return (await call(`/import?${name}`, await file.arrayBuffer(), "application/octet-stream")).json();
}

/** A persona as a file; `base` is the Blob that it came from, or null. */
export async function write(fields, format, base) {
  const body = { fields, format, base: base && (await base64(base)) };
  const response = await call("/export", JSON.stringify(body));
  const name = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition"))[1];
  return { name, data: await response.blob() };
}

/** What a draft answers, piece by piece: `{directive}`, `{words}`, `{crisis}` or `{error}`. */
export async function* attempt(fields, text) {
  const response = await call("/try", JSON.stringify({ fields, text }));
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      const lines = (rest + (value ?? (done ? "\n" : ""))).split("\n");
      rest = lines.pop();
      for (const line of lines) if (line) yield JSON.parse(line);
      if (done) return;
    }
  } finally {
    reader.cancel(); // who stops listening frees the place
  }
}

function base64(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(new Error("The file that this persona came from cannot be read any more."));
    reader.readAsDataURL(blob);
  });
}
