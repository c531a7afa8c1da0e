/** Joins a room of `chat.ts`: what is typed is said, `/to NAME text` to one member alone, and what is said is shown. */
import { NatsBroker } from "@signalbox/nats";
import { join, shown, type Words, wordsOf } from "./chat.ts";

/** Text in chunks of any size becomes words, a line each. */
function byLine(): TransformStream<string, Words> {
  let rest = "";
  return new TransformStream({
    transform(chunk, controller) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) controller.enqueue(wordsOf(line));
    },
  });
}

const [server, room = "kitchen", name = "Ada"] = Deno.args;
await using broker = new NatsBroker(server, { inboxPrefix: "_MEMBER" });
await broker.connect();
await using seat = await join(broker, room, name);
console.log(`You are in the ${room}`);

// the end of what is typed ends the session, and the end of the session what is typed
const typed = Deno.stdin.readable.pipeThrough(new TextDecoderStream()).pipeThrough(byLine());
const said = typed.pipeTo(seat.writable, { signal: seat.signal }).catch(() => {});
for await (const { body } of seat) console.log(shown(body));
await said;
