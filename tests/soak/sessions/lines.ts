/** The lines of what is read, as they come. */
export async function* lines(readable: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of readable) {
    const parts = (text + decoder.decode(bytes, { stream: true })).split("\n");
    text = parts.pop()!;
    yield* parts;
  }
}
