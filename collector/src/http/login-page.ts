/** The pages that are there before the page: plain HTML with a style sheet, and no script. */
import { escaped } from "./escaped.ts";

const HEAD = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<link rel="icon" type="image/svg+xml" href="/favicon.svg">
<link rel="stylesheet" href="/login.css">`;

const LOGO = `<svg viewBox="0 0 32 32" width="34" height="34" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#0e7490"/><path d="M6 12h6l4 8h10M6 20h3M18 12h8" fill="none" stroke="#fff" stroke-width="3" stroke-linecap="round" stroke-linejoin="round"/></svg>`;

/** `next`: where to go once logged in. `problem`: why the last key was not taken. */
export function loginPage({ next, problem }: { next: string; problem?: string }): string {
  const said =
    problem === undefined ? "" : `\n<p class="problem" role="alert" id="problem">${escaped(problem)}</p>`;
  const about = problem === undefined ? "" : ` aria-describedby="problem" aria-invalid="true"`;
  return `${HEAD}
<title>Log in · Weir</title>
</head>
<body>
<main>
<form method="post" action="/login">
${LOGO}
<h1>Log in to Weir</h1>${said}
<input type="hidden" name="next" value="${escaped(next)}">
<label for="key">Key</label>
<input id="key" name="key" type="password" required autofocus autocomplete="current-password" autocapitalize="off"
 spellcheck="false" maxlength="200" placeholder="weir_read_…"${about}>
<button type="submit">Log in</button>
<p class="help">A key is made on the machine of the collector:</p>
<code>weir keys create --role read</code>
</form>
</main>
</body>
</html>
`;
}

/** Moves a browser on by itself. */
export function movedPage(path: string): string {
  return `${HEAD}
<meta http-equiv="refresh" content="0; url=${escaped(path)}">
<title>Weir</title>
</head>
<body>
<main><p><a href="${escaped(path)}">Go on to Weir</a></p></main>
</body>
</html>
`;
}

export const LOGIN_STYLE = `:root {
  color-scheme: light dark;
  --bg: light-dark(#fafaf9, #0f1213);
  --surface: light-dark(#ffffff, #15191a);
  --line: light-dark(#d5d8d5, #333c3d);
  --text: light-dark(#1a1d1c, #e4e9e8);
  --muted: light-dark(#5a625f, #9aa5a3);
  --accent: light-dark(#0e6e82, #4db6cb);
  --on-accent: light-dark(#ffffff, #0f1213);
  --failed: light-dark(#bf1f2d, #ff8a91);
  --failed-soft: light-dark(#fdeced, #351a1d);
}
body {
  margin: 0;
  min-height: 100dvh;
  display: grid;
  place-items: center;
  background: var(--bg);
  color: var(--text);
  font: 14px/1.45 -apple-system, BlinkMacSystemFont, "Segoe UI", Inter, Roboto, "Noto Sans", Arial, sans-serif;
}
main {
  width: min(380px, 100vw - 32px);
}
form {
  display: flex;
  flex-direction: column;
  padding: 28px;
  border: 1px solid var(--line);
  border-radius: 12px;
  background: var(--surface);
}
h1 {
  margin: 14px 0 18px;
  font-size: 19px;
  letter-spacing: -0.01em;
}
label {
  margin-bottom: 5px;
  font-weight: 600;
}
input {
  padding: 9px 11px;
  border: 1px solid var(--line);
  border-radius: 7px;
  background: var(--bg);
  color: inherit;
  font: 13px ui-monospace, Menlo, Consolas, "Liberation Mono", monospace;
}
input::placeholder {
  color: var(--muted);
}
button {
  margin: 12px 0 20px;
  padding: 9px;
  border: 0;
  border-radius: 7px;
  background: var(--accent);
  color: var(--on-accent);
  font: inherit;
  font-weight: 600;
  cursor: pointer;
}
:focus-visible {
  outline: 2px solid var(--accent);
  outline-offset: 2px;
}
.help {
  margin: 0 0 4px;
  color: var(--muted);
  font-size: 12.5px;
}
code {
  overflow-wrap: anywhere;
  font: 12.5px ui-monospace, Menlo, Consolas, "Liberation Mono", monospace;
}
.problem {
  margin: 0 0 16px;
  padding: 8px 11px;
  border-radius: 7px;
  background: var(--failed-soft);
  color: var(--failed);
}
`;
