/** A certificate that this process made for itself, for every name that the tests use. */
import { generate } from "selfsigned";

const NAMES = ["localhost", "other.internal", "api.example.com"];

const { private: key, cert } = await generate([{ name: "commonName", value: "localhost" }], {
  keyType: "ec",
  extensions: [
    {
      name: "subjectAltName",
      altNames: [...NAMES.map((value) => ({ type: 2 as const, value })), { type: 7, ip: "127.0.0.1" }],
    },
  ],
});

/** For a server. */
export const identityOfServer = { key, cert };
/** For who calls it. */
export const trusted = { ca: cert };
