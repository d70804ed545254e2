import { keyOf } from "../run/index.ts";

/** For messages: what is run at a place. @param name of the function */
export function workName(path: string, name: string): string {
  const key = `under the key ${JSON.stringify(keyOf(path))}`;
  return name === "" ? `a function without a name ${key}` : `the function ${name} ${key}`;
}
