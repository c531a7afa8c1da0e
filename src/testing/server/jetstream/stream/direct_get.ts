import { asksTooMuch } from "../api_level.ts";
import { readJson } from "../api/go_json.ts";
import { findMessage, GET_REQUEST, type GetRequest, startOf } from "../api/get_request.ts";
import { withHeaders } from "../header_block.ts";
import type { InternalClient, InternalSubscription } from "../internal_client.ts";
import type { Published, StoredMessage } from "../message.ts";
import { originOf } from "./origin.ts";
import type { MessageLog } from "./message_log.ts";

/** A multi-subject request that matches more subjects than this is rejected. */
const MAX_SUBJECTS = 1_024;
/** The queue group of all servers that can respond. */
const GROUP = "_sys_";
/** The status that ends a batch of responses. */
const END = "204 EOB";

/** Serves direct get requests on `$JS.API.DIRECT.GET.<stream>`: each response is a message itself, without JSON. */
export class DirectGet {
  readonly #client: InternalClient;
  readonly #stream: string;
  readonly #log: MessageLog;
  readonly #maxBytes: number;
  readonly #subscriptions: readonly InternalSubscription[];

  /** `maxBytes` is the default size limit of a batch of responses. */
  constructor(client: InternalClient, stream: string, log: MessageLog, maxBytes: number) {
    this.#client = client;
    this.#stream = stream;
    this.#log = log;
    this.#maxBytes = maxBytes;
    const subject = `$JS.API.DIRECT.GET.${stream}`;
    this.#subscriptions = [
      client.subscribe(subject, (published) => this.#receive(published), GROUP),
      client.subscribe(
        `${subject}.>`,
        (published) => this.#receive(published, published.subject.slice(subject.length + 1)),
        GROUP,
      ),
    ];
  }

  /** Stops responding. */
  stop(): void {
    for (const subscription of this.#subscriptions) this.#client.unsubscribe(subscription);
  }

  /** `last` is the subject at the end of the request's own subject, whose last message is wanted. */
  #receive({ reply, headers, body }: Published, last?: string): void {
    if (reply === "") return;
    const refuse = (status: string) => this.#client.say(reply, status);
    if (asksTooMuch(headers)) return refuse("412 Required Api Level");
    if (body.length === 0 && last === undefined) return refuse("408 Empty Request");
    const request = readLoosely(body);
    if (!request) return refuse("408 Malformed Request");
    const refusal = last === undefined ? refusalOf(request) : refusalOfLast(request);
    if (refusal !== undefined) return refuse(refusal);
    const asked = last === undefined ? request : { ...request, last_by_subj: last };
    if (asked.multi_last?.length) return this.#sendLastOfEach(asked, reply);
    if (asked.batch) return this.#sendBatch(asked, reply);
    const message = findMessage(this.#log, asked);
    if (!message) return refuse("404 Message Not Found");
    this.#send(reply, message, {}, asked.no_hdr);
  }

  #sendBatch(request: GetRequest, reply: string): void {
    const { batch = 1, next_by_subj: filter = "", no_hdr } = request;
    let room = request.max_bytes || this.#maxBytes;
    let seq = startOf(this.#log, request);
    let last = 0;
    let pending = this.#log.countFrom(filter, seq);
    for (let sent = 0; sent < batch && room > 0; sent++) {
      const message = this.#log.next(filter, seq);
      if (!message && (sent === 0 || batch === 1)) {
        return this.#client.say(reply, "404 Message Not Found");
      }
      if (!message) break;
      // like nats-server, the count runs only in responses with headers
      if (!no_hdr) pending = Math.max(0, pending - 1);
      const place = { "Nats-Num-Pending": pending, "Nats-Last-Sequence": last };
      this.#send(reply, message, place, no_hdr);
      last = message.seq;
      seq = message.seq + 1;
      room -= sizeOf(message);
    }
    this.#client.say(reply, END, { "Nats-Num-Pending": pending, "Nats-Last-Sequence": last });
  }

  #sendLastOfEach(request: GetRequest, reply: string): void {
    const refuse = (status: string) => this.#client.say(reply, status);
    const until = this.#endOf(request);
    if (until === undefined) return refuse("404 No Results");
    const found = new Set<number>();
    for (const filter of request.multi_last!) {
      for (const seq of this.#log.lastOfEach(filter, until)) found.add(seq);
      if (found.size > MAX_SUBJECTS) return refuse("413 Too Many Results");
    }
    if (found.size === 0) return refuse("404 No Results");
    const { batch = 0, seq: from = 0 } = request;
    let room = request.max_bytes || this.#maxBytes;
    let [last, sent, pending] = [0, 0, found.size];
    for (const seq of [...found].sort((one, other) => one - other)) {
      pending--;
      if (seq < from) continue;
      const message = this.#log.get(seq)!;
      this.#send(reply, message, { "Nats-Num-Pending": pending, "Nats-Last-Sequence": last });
      last = seq;
      room -= sizeOf(message);
      if (room <= 0 || (batch > 0 && ++sent >= batch)) break;
    }
    const place = { "Nats-Num-Pending": pending, "Nats-Last-Sequence": last };
    this.#client.say(reply, END, { ...place, "Nats-UpTo-Sequence": until });
  }

  /** The last sequence to return; `undefined` if all messages are later. */
  #endOf({ up_to_seq = 0, up_to_time }: GetRequest): number | undefined {
    if (up_to_time === undefined) return up_to_seq === 0 ? this.#log.last : up_to_seq;
    const seq = this.#log.seqAt(up_to_time);
    return seq <= this.#log.first ? undefined : seq - 1;
  }

  #send(
    reply: string,
    message: StoredMessage,
    place: Readonly<Record<string, number>>,
    isBare = false,
  ): void {
    const { headers, body } = message;
    const block = withHeaders(headers, { ...originOf(this.#stream, message), ...place });
    this.#client.publish(reply, { headers: isBare ? "" : block, body });
  }
}

/** Parses a request; like nats-server, ignores unknown fields. */
function readLoosely(body: Uint8Array): GetRequest | undefined {
  try {
    return readJson(body, GET_REQUEST, true) as GetRequest;
  } catch {
    return undefined;
  }
}

function refusalOf(request: GetRequest): string | undefined {
  const { seq = 0, last_by_subj = "", next_by_subj = "", multi_last = [], start_time } = request;
  const [isLast, isNext, isTimed] = [
    last_by_subj !== "",
    next_by_subj !== "",
    start_time !== undefined,
  ];
  if (seq === 0 && !isLast && !isNext && multi_last.length === 0 && !isTimed) {
    return "408 Empty Request";
  }
  const isTwofold = (seq > 0 && (isLast || isTimed)) ||
    (isLast && (isTimed || isNext || (request.batch ?? 0) > 0 || multi_last.length > 0)) ||
    (isNext && multi_last.length > 0) ||
    ((request.up_to_seq ?? 0) > 0 && request.up_to_time !== undefined);
  return isTwofold ? "408 Bad Request" : undefined;
}

/** The reason to reject a request whose subject and body both select a message. */
function refusalOfLast({ no_hdr: _, max_bytes: __, ...rest }: GetRequest): string | undefined {
  const says = Object.values(rest).some((value) =>
    Array.isArray(value) ? value.length > 0 : value !== "" && value !== 0
  );
  return says ? "408 Bad Request" : undefined;
}

function sizeOf({ subject, headers, body }: StoredMessage): number {
  return subject.length + headers.length + body.length;
}
