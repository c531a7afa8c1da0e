import type { Frame } from "../../interop/wire.ts";
import { delay } from "../../support/delay.ts";
import type { Forged } from "../../support/spy.ts";
import { pick, type Random } from "../../unit/seeded_random.ts";
import { addressOf, LIES } from "./lies.ts";
import type { Mouth } from "./mouth.ts";

const decoder = new TextDecoder();
/** So many probes are answered at most, or an honest side would have to bear it for ever. */
const MOST_ANSWERS = 6;
/** How the other side's addresses begin before it has been heard. */
const NOBODY = "_NOBODY.here.";
/** It begins to lie after so many milliseconds, whether it has been answered or not. */
const BEGINNING = 400;
/** What it says again at most. */
const MOST_SAID = 40;

/** One side of a link that speaks the protocol, and lies in it: a seed lies the same again. */
export class Liar {
  readonly random: Random;
  /** How its addresses begin. */
  readonly own: string;
  /** How those of the other side begin, once it is known. */
  other = NOBODY;
  /** Where to send to. */
  to = `${NOBODY}o1`;
  serial = 1;
  sent = 0;
  received = 0;
  /** What was said, to be said again. */
  readonly said: (readonly [subject: string, forged: Forged])[] = [];
  /** What is held back, to be said later. */
  readonly held: (readonly [subject: string, forged: Forged])[] = [];
  readonly #mouth: Mouth;
  readonly #answers: number;
  #answered = 0;
  #isOver = false;

  constructor(mouth: Mouth, random: Random, seed: number) {
    this.random = random;
    this.own = `_LIAR.${seed}.`;
    this.#mouth = mouth;
    this.#answers = random(MOST_ANSWERS);
    mouth.listen(`_LIAR.${seed}`, (frame) => this.#hear(frame));
    mouth.listen(`liar.${seed}`, (frame) => this.#serve(frame));
  }

  /** Opens a link, or tries to. */
  open(subject: string, kind: "session" | "stream"): void {
    const name = this.random(8) > 0 ? "o1" : pick(this.random, ["o999", "c1", "1t", ""]);
    const header = `\r\n${this.#timeLeft()}Signalbox-Link: ${this.terms(kind)}`;
    void this.#mouth.say(subject, { replyTo: this.own + name, header, payload: '"open"' });
  }

  /** Lies for a while, and then says nothing any more. */
  async misbehave(): Promise<void> {
    const until = performance.now() + BEGINNING;
    while (this.other === NOBODY && performance.now() < until) await delay(2);
    for (let steps = 3 + this.random(30); steps > 0; steps--) {
      pick(this.random, LIES)(this);
      if (this.random(4) === 0) await delay(this.random(12));
    }
    this.#isOver = true;
  }

  /** Says something, perhaps later or twice. */
  say(name: string, forged: Forged = {}, replyTo = this.own + name): void {
    const address = addressOf(this);
    const word = [address, { ...forged, replyTo }] as const;
    this.said.push(word);
    if (this.said.length > MOST_SAID) this.said.shift();
    if (this.random(12) === 0) return void this.held.push(word);
    this.repeat(word);
  }

  repeat([subject, forged]: readonly [string, Forged]): void {
    void this.#mouth.say(subject, forged);
  }

  /** What a side tells of itself, honest or absurd. */
  terms(usual: "session" | "stream" = "session"): string {
    const { random } = this;
    const huge = "9".repeat(15);
    const number = (usual: number) =>
      random(6) > 0 ? usual : pick(random, [0, 1, huge, 2 ** 31, 2 ** 32]);
    const kind = random(12) > 0 ? usual : pick(random, ["session", "stream"]);
    return [
      `1 ${kind} frames=${number(8)} bytes=${number(4_096)} body=${number(9_999)}`,
      `responses=${pick(random, [0, 0, 0, 1, 16, huge])} several=${number(16_384)}`,
      `renew=${number(0)} secret=${number(1)}`,
    ].join(" ");
  }

  #timeLeft(): string {
    const left = pick(this.random, ["", "", "", "0", "50", "9".repeat(20), "-1", "soon"]);
    return left === "" ? "" : `Signalbox-Time-Left: ${left}\r\n`;
  }

  /** An opening has come: it is accepted, refused, answered or left alone. */
  #serve({ replyTo, header: opening }: Frame): void {
    const { random } = this;
    const kind = decoder.decode(opening).includes("1 stream") ? "stream" : "session";
    this.other = replyTo.slice(0, replyTo.lastIndexOf(".") + 1);
    this.to = replyTo;
    const header = `\r\nSignalbox-Link: ${this.terms(kind)}`;
    const name = random(6) > 0 ? "o1" : pick(random, ["o7", "c1", "2t", "", "o0"]);
    const accept = () => void this.#mouth.say(replyTo, { header, replyTo: this.own + name });
    const refusal = "\r\nNats-Service-Error-Code: 418\r\nNats-Service-Error: No";
    const ways = [
      accept,
      accept,
      accept,
      () => (accept(), accept()),
      () => void this.#mouth.say(replyTo, { header: refusal }),
      () => void this.#mouth.say(replyTo, { payload: "an answer" }),
      () => void this.#mouth.say(replyTo, { header: " 503" }),
      () => (this.say("1t", { payload: "too early" }), accept()),
      () => void this.#mouth.say(replyTo, { header, replyTo: "_LIAR.another.o1" }),
      () => {},
    ];
    pick(random, ways)();
  }

  /** Learns where the other side is and how far it has come; answers some of its probes. */
  #hear({ replyTo, header }: Frame): void {
    const at = replyTo.lastIndexOf(".") + 1;
    if (/signalbox-link/i.test(decoder.decode(header))) {
      this.other = replyTo.slice(0, at);
      this.to = replyTo;
    }
    const name = replyTo.slice(at);
    const number = /^(\d+)[a-z]$/.exec(name)?.[1];
    if (number) this.received = Math.max(this.received, Number(number));
    const isAsked = name.startsWith("p") || name.startsWith("o");
    if (!isAsked || this.#isOver || this.#answered++ >= this.#answers) return;
    this.say(`c${++this.serial}`, { payload: this.tally() });
  }

  /** An honest tally. */
  tally(): string {
    const { received, sent } = this;
    return `${received} ${received + 8} ${received * 64 + 4_096} ${sent} 0`;
  }
}
