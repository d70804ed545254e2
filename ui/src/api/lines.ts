const lineEnd = 10;

/** The lines of a body, each as soon as all of it is there; what follows the last end of a line is one too. */
export async function* linesOf(body: ReadableStream<Uint8Array<ArrayBuffer>>): AsyncGenerator<string> {
  let line: Uint8Array<ArrayBuffer>[] = [];
  const reader = body.getReader();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    let bytes = read.value;
    for (let end = bytes.indexOf(lineEnd); end !== -1; end = bytes.indexOf(lineEnd)) {
      yield await new Blob([...line, bytes.subarray(0, end)]).text();
      line = [];
      bytes = bytes.subarray(end + 1);
    }
    if (bytes.length > 0) line.push(bytes);
  }
  if (line.length > 0) yield await new Blob(line).text();
}
