/**
 * Takes secrets out of what people attach to flows and steps, before it leaves the process: what is kept under a
 * telling key, and what looks like a secret wherever it stands. Pure.
 *
 * Every pattern here takes time in proportion to the text, whatever the text: each begins where no other could have
 * begun within the same run of characters, or is bounded in length.
 */

export interface RedactOptions {
  /**
   * Keys whose values are hidden, besides those known by default. A text stands for whole words, in any case and
   * spelling: `"iban"` hides `iban`, `customer_iban` and `customerIban`, and not `ibanez`. A RegExp is tried on the
   * whole key.
   */
  keys?: readonly (string | RegExp)[] | undefined;
  /** What is hidden in any text, besides what is known by default. Keep them simple: they run on every value. */
  patterns?: readonly RegExp[] | undefined;
  /** What stands in the place of a secret. Default: `"[redacted]"`. */
  replaceWith?: string | undefined;
}

export interface Redactor {
  readonly replaceWith: string;
  /** Whether what is kept under this key is a secret. */
  hides(key: string): boolean;
  /** The text without the secrets in it; the same where there are none. */
  text(text: string): string;
}

/** Each is one word or several; found as whole words in a key, however it is written. */
const SECRETS = [
  ["password", "passwords", "passwd", "passphrase", "passcode", "pwd", "secret", "secrets", "token", "jwt"],
  ["access tokens", "api tokens", "auth tokens", "refresh tokens", "session tokens", "bearer"],
  ["authorization", "cookie", "cookies", "credential", "credentials", "otp", "apikey", "apikeys"],
  ["api key", "api keys", "access key", "private key", "secret key", "encryption key", "signing key"],
  ["card", "creditcard", "cardnumber", "cvv", "cvv2", "cvc", "cvc2", "ssn"],
  ["social security"],
].flat();

/** Words that are secrets also at the end of a longer one: `accesstoken`, `PGPASSWORD`, `setcookie`. */
const SECRET_ENDINGS = [
  "cookie",
  "password",
  "passwd",
  "passphrase",
  "secret",
  "token",
  "apikey",
  "privatekey",
  "accesskey",
];

/** A key that ends so tells of a secret and does not hold it: `token_count`, `card.brand`, `password_changed_at`. */
const DESCRIBING = new Set(
  `age at attempts brand budget changed count country enabled endpoint expired expires expiry id ids kind last4
  length limit method mode name policy present provider remaining required size status strategy total ttl type uri
  updated url usage used valid version`.split(/\s+/),
);

/** In a header line these hold all of the line, not one word. */
const WHOLE_LINE = /^(proxy-?)?authorization$|^(set-?)?cookie$/i;

/**
 * What a text has at the least that holds a secret of one kind; most texts have none of it, and are looked at no
 * further. Three quick ones, as one of them all takes twice as long.
 */
const HAS_PAIRS = /[:=]/;
const HAS_DIGITS = /\d{13}|\d{4}[ -]\d{4}/;
const HAS_MARKS =
  /[Bb][Ee][Aa][Rr][Ee][Rr]|[Bb][Aa][Ss][Ii][Cc]|eyJ|-----BEGIN|gh[opsu]_|github_pat|[rs]k[_-]|xox|A(?:KIA|SIA|Iza)|glpat-|weir_/;
/** Where a pair of key and value may be of a key that is known by default. */
const MAY_HIDE = /pass|pwd|secret|token|auth|cookie|cred|key|card|cv[vc]|ssn|security|jwt|bearer|otp/i;

const PRIVATE_KEY =
  /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)/g;
const URL_PASSWORD = /:\/\/([^\s/?#:@"'<>]*)(:[^\s/?#"'<>]*)?@/g;
const JSON_WEB_TOKEN = /(?<![\w-])eyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)?/g;
const KNOWN_TOKEN =
  /(?<![A-Za-z0-9])(?:[rs]k_(?:live|test)_[A-Za-z0-9]{8,}|sk-[\w-]{20,}|gh[opsu]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abeprs]-[\w-]{10,}|(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[\w-]{35}|glpat-[\w-]{16,}|weir_[a-z]{4,6}_[0-9a-z]{8}_[0-9a-z]{50})/g;
const SCHEME = /\b(bearer|basic)( {1,4}|%20|\+)([\w+/=.~-]{4,})/gi;
/** What follows the name of a scheme where it is talked about, and not used. */
const TALK = /^(auth|authentication|authorization|credentials?|header|realm|scheme|tokens?)\b/i;
const CARD =
  /(?<![A-Za-z0-9.])(?:\d{13,19}|\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5})(?![A-Za-z0-9])/g;
/** Lengths and first digits that the card networks have given out. */
const CARD_RANGES =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|3[0689]\d{12}|35\d{14}|6\d{15,18})$/;

/** `password=`, `"password": `, `\"password\":`, `password =>`; then comes the value. */
const PAIR = /(?<![\w-])([\w-]+)(\\*["'`])?[ \t]{0,8}(=>|[=:])[ \t]{0,8}/g;

const MAX_KEY = 128;
const MAX_REMEMBERED = 1000;

/**
 * @example
 * const redactor = createRedactor({ keys: ["iban"], patterns: [/\bDE\d{20}\b/] });
 * redactor.hides("customerIban"); // true
 * redactor.text("login failed: password=hunter2"); // "login failed: password=[redacted]"
 */
export function createRedactor(options: RedactOptions = {}): Redactor {
  const { replaceWith = "[redacted]" } = options;
  const patterns = (options.patterns ?? []).map((pattern) => withFlags(pattern, "g"));
  const users = userKeys(options.keys ?? []);
  const known = new Map<string, boolean>();

  /** Programs have few keys, and ask for the same again with each span. */
  function hides(key: string): boolean {
    let hidden = known.get(key);
    if (hidden === undefined) {
      const short = key.length > MAX_KEY ? key.slice(-MAX_KEY) : key;
      hidden = isSecret(short) || users?.(short) === true;
      if (key.length > MAX_KEY) return hidden;
      if (known.size >= MAX_REMEMBERED) known.clear();
      known.set(key, hidden);
    }
    return hidden;
  }

  function scrubbed(text: string): string {
    let kept = text;
    for (const pattern of patterns) kept = kept.replace(pattern, () => replaceWith);
    if (HAS_MARKS.test(kept)) kept = withoutMarked(kept, replaceWith);
    if (HAS_DIGITS.test(kept)) kept = kept.replace(CARD, (digits) => (isCard(digits) ? replaceWith : digits));
    if (!HAS_PAIRS.test(kept)) return kept;
    if (kept.includes("://") && kept.includes("@")) kept = withoutUrlPasswords(kept, replaceWith);
    if (users !== undefined || MAY_HIDE.test(kept)) kept = withoutPairs(kept, hides, replaceWith);
    return kept;
  }

  return {
    replaceWith,
    hides,
    text(text) {
      try {
        return scrubbed(text);
      } catch {
        // What could not be looked through stays here.
        return replaceWith;
      }
    },
  };
}

function isSecret(key: string): boolean {
  const words = wordsOf(key);
  const last = words.at(-1);
  if (last === undefined || (words.length > 1 && DESCRIBING.has(last))) return false;
  // Elsewhere than at the end it tells of a user or a service as often as of a secret.
  if (last === "auth") return true;
  const spaced = ` ${words.join(" ")} `;
  if (SECRETS.some((secret) => spaced.includes(` ${secret} `))) return true;
  return words.some((word) => SECRET_ENDINGS.some((ending) => word.endsWith(ending)));
}

/** `X-Api-Key`, `apiKey`, `API_KEY` → `api`, `key`. */
function wordsOf(key: string): string[] {
  return key
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replace(/([A-Z])([A-Z][a-z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "");
}

function userKeys(keys: readonly (string | RegExp)[]): ((key: string) => boolean) | undefined {
  if (keys.length === 0) return undefined;
  const phrases: string[] = [];
  const patterns: RegExp[] = [];
  for (const key of keys) {
    if (typeof key === "string") phrases.push(` ${wordsOf(key).join(" ")} `);
    else patterns.push(withFlags(key, ""));
  }
  return (key) => {
    const spaced = ` ${wordsOf(key).join(" ")} `;
    return phrases.some((phrase) => spaced.includes(phrase)) || patterns.some((pattern) => pattern.test(key));
  };
}

/** A copy, as `g` and `y` keep a place in the original, with `more` in their stead. */
function withFlags(pattern: RegExp, more: string): RegExp {
  return new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, "") + more);
}

/** Without what shows by its look what it is. */
function withoutMarked(text: string, replaceWith: string): string {
  return text
    .replace(PRIVATE_KEY, () => replaceWith)
    .replace(JSON_WEB_TOKEN, () => replaceWith)
    .replace(KNOWN_TOKEN, () => replaceWith)
    .replace(SCHEME, (whole, scheme: string, gap: string, value: string) =>
      isCredential(scheme, value) ? `${scheme}${gap}${replaceWith}` : whole,
    );
}

function withoutUrlPasswords(text: string, replaceWith: string): string {
  return text.replace(URL_PASSWORD, (whole, user: string, password: string | undefined) => {
    if (password !== undefined && password !== ":") return `://${user}:${replaceWith}@`;
    // Nobody's name is so long: a token in the place of one.
    return user.length >= 20 ? `://${replaceWith}@` : whole;
  });
}

function isCredential(scheme: string, value: string): boolean {
  if (TALK.test(value)) return false;
  // "Basic validation" is no credential; a user and a password, in base64, are.
  return scheme.toLowerCase() === "bearer" || Buffer.from(value, "base64").toString("latin1").includes(":");
}

/** Luhn's checksum, over digits in the ranges that cards have. */
function isCard(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  if (!CARD_RANGES.test(digits)) return false;
  let sum = 0;
  for (let i = digits.length - 1, double = false; i >= 0; i--, double = !double) {
    const digit = digits.charCodeAt(i) - 48;
    sum += double ? (digit > 4 ? digit * 2 - 9 : digit * 2) : digit;
  }
  return sum % 10 === 0;
}

/** Hides the values of secret keys in text: query strings, connection strings, header lines, JSON and the like. */
function withoutPairs(text: string, hides: (key: string) => boolean, replaceWith: string): string {
  let kept = "";
  let done = 0;
  PAIR.lastIndex = 0;
  for (let found = PAIR.exec(text); found !== null; found = PAIR.exec(text)) {
    const [, key = "", quote, sign] = found;
    const start = PAIR.lastIndex;
    if (!hides(key) || text.startsWith(replaceWith, start)) continue;
    const [from, to] = valueAt(text, start, quote !== undefined, sign === ":" && WHOLE_LINE.test(key));
    if (to <= from) continue;
    kept += text.slice(done, from) + replaceWith;
    done = to;
    PAIR.lastIndex = to;
  }
  return done === 0 ? text : kept + text.slice(done);
}

const OPENING_QUOTE = /(\\*)(["'`])/y;
const TO_END_OF_LINE = /[^\r\n"]*/y;
/** Between quotes: JSON, where a bare value ends with a comma. Elsewhere a comma may be part of a password. */
const BARE_IN_JSON = /[^\s,}\]]*/y;
const BARE = /[^\s&;"'<>]*/y;

/** Where the value that begins at `start` stands, without its quotes. */
function valueAt(text: string, start: number, json: boolean, wholeLine: boolean): [from: number, to: number] {
  OPENING_QUOTE.lastIndex = start;
  const quoted = OPENING_QUOTE.exec(text);
  if (quoted !== null) {
    const [{ length }, { length: escapes } = "", mark = ""] = quoted;
    return [start + length, closingQuote(text, start + length, mark, escapes)];
  }
  const first = text[start];
  if (first === "{" || first === "[") return [start, closingBracket(text, start)];
  // `===` and `::` are no pairs.
  if (first === "=" || first === ":") return [start, start];
  const bare = matchAt(wholeLine ? TO_END_OF_LINE : json ? BARE_IN_JSON : BARE, text, start);
  // These say that there is no secret.
  return /^(null|undefined|true|false)\W*$/.test(bare) ? [start, start] : [start, start + bare.length];
}

function matchAt(sticky: RegExp, text: string, at: number): string {
  sticky.lastIndex = at;
  return sticky.exec(text)?.[0] ?? "";
}

/**
 * The end of a quotation that began with so many escapes before its mark: none, or one where JSON stands in JSON. The
 * end of the text where that was cut before it.
 */
function closingQuote(text: string, from: number, mark: string, escapes: number): number {
  for (let at = text.indexOf(mark, from); at >= 0; at = text.indexOf(mark, at + 1)) {
    let before = at;
    while (before > from && text[before - 1] === "\\") before--;
    if ((at - before) % (2 * (escapes + 1)) === escapes) return at - escapes;
  }
  return text.length;
}

/** Behind the bracket that closes the one at `start`; brackets in quotes are text. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === '"') at = closingQuote(text, at + 1, '"', 0);
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return at + 1;
  }
  return text.length;
}
