/** Runs a broker that asks and sends without a pause, and says how that went when it is asked. */
import { NatsBroker } from "@signalbox/nats";

const broker = new NatsBroker(Deno.args[0]!, { logger: false, reconnect: { maxDelay: 100 } });
const failures: Record<string, number> = {};
const events: Record<string, number> = {};
let [asked, answered, sent] = [0, 0, 0];
let isOver = false;
const received: number[] = [];

void (async () => {
  for await (const { type } of broker.events()) events[type] = (events[type] ?? 0) + 1;
})();
broker.subscriber(
  "program.report",
  () => ({ asked, answered, failures, sent, received: received.length, events }),
);
broker.subscriber("program.over", () => {
  isOver = true;
});
await broker.start();
const session = await broker.openSession<number, number>("desk");
void (async () => {
  for await (const { body } of session) {
    if (body !== received.length) failures.order = (failures.order ?? 0) + 1;
    received.push(body);
  }
})();

// it goes on until its process is ended
setInterval(() => {
  if (isOver) return;
  void session.send(sent++);
  asked++;
  broker.request("echo", asked).then(
    () => answered++,
    (error) => failures[error.name] = (failures[error.name] ?? 0) + 1,
  );
}, 10);
