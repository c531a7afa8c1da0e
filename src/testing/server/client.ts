import type { Timer } from "../../clock.ts";
import { type ConnectRequest, readConnect, UNSAID } from "./connect_request.ts";
import type { Authorization } from "./authorization.ts";
import { Connection } from "./connection.ts";
import { putMessage, putNoResponders } from "./delivery.ts";
import type { Publication, Recipient, Subscription } from "./exchange.ts";
import { Heartbeat } from "./heartbeat.ts";
import { infoLine } from "./info.ts";
import type { EmbeddedPermissions } from "./options.ts";
import { Permissions } from "./permissions.ts";
import type { ProtocolHandler, PublishLine } from "./protocol.ts";
import { Reading } from "./reading.ts";
import { Refusal } from "./refusal.ts";
import { isReservedQueue, isReservedReply, isReservedSubject } from "./reserved.ts";
import type { Station } from "./station.ts";
import { isValidLiteral } from "./subject.ts";
import { Subscriptions } from "./subscriptions.ts";
import { isTraceOnly } from "./trace.ts";
import { USER_INFO, userInfo } from "./user_info.ts";
import type { Receiver, Wire } from "./wire.ts";

/** The newest version of the client protocol, in which INFO may come at any time. */
const MAX_PROTOCOL = 1;
/** The sender of the server's own messages. */
const SERVER: Recipient = { deliver: () => false };

/** One connected client: reads its operations, checks its permissions, and writes to it. */
export class Client implements ProtocolHandler, Recipient, Receiver {
  readonly #id: number;
  readonly #station: Station;
  readonly #address: string | undefined;
  readonly #connection: Connection;
  readonly #reading: Reading;
  readonly #heartbeat: Heartbeat;
  readonly #subscriptions: Subscriptions;
  #request: ConnectRequest = UNSAID;
  #granted: EmbeddedPermissions = {};
  #permissions: Permissions | undefined;
  #connected = false;
  #greeted = false;
  #closed = false;
  #authTimer: Timer | undefined;

  constructor(station: Station, wire: Wire, id: number) {
    const { maxPending, maxSubscriptions, pingInterval, authTimeout } = station.identity.settings;
    const { clock, backlog } = station;
    this.#id = id;
    this.#station = station;
    this.#address = wire.address;
    this.#connection = new Connection(wire, { maxPending, backlog, clock }, (why) => {
      if (why === "slow") station.traffic.slowConsumers++;
      this.close();
    });
    this.#reading = new Reading(this, station.congestion);
    this.#subscriptions = new Subscriptions(station.exchange, this, maxSubscriptions);
    this.#heartbeat = new Heartbeat(
      clock,
      pingInterval,
      () => this.#connection.say("PING"),
      () => this.refuse(Refusal.stale),
    );
    this.#sayInfo();
    if (station.authorization.required) {
      this.#authTimer = clock.setTimeout(() => this.refuse(Refusal.authTimeout), authTimeout);
      this.#authTimer.unref();
    } else {
      this.#heartbeat.start();
    }
  }

  receive(bytes: Uint8Array): Promise<void> | undefined {
    return this.#closed ? undefined : this.#reading.receive(bytes);
  }

  ended(): void {
    this.close();
  }

  /** Closes at once. */
  close(): void {
    this.#leave();
    this.#connection.close();
  }

  /** Says why, and closes. */
  refuse(reason: string): void {
    this.#connection.say(`-ERR '${reason}'`);
    this.#hangUp();
  }

  /** Announces the shutdown to a client that reads such announcements. */
  announceLameDuck(): void {
    if (this.#greeted && this.#request.protocol >= MAX_PROTOCOL) this.#sayInfo();
  }

  /**
   * Applies changed users: a client whose user still exists stays connected, with the permissions of now; `before`
   * holds the former users.
   */
  reauthorize(before: Authorization): void {
    const { authorization } = this.#station;
    if (!this.#connected && !authorization.required) return;
    const { user } = this.#request;
    if (before.knows(user) && !authorization.knows(user)) return this.#hangUp();
    const permissions = authorization.admit(this.#request);
    if (!permissions) return this.refuse(Refusal.authorization);
    if (JSON.stringify(permissions) === JSON.stringify(this.#granted)) return;
    const granted = this.#permit(permissions);
    this.#subscriptions.review((subscription) => {
      const { subject, queue, sid } = subscription;
      subscription.filtered = granted?.mustFilter(subject, queue) ?? false;
      const isPermitted = granted?.maySubscribe(subject, queue) ?? true;
      if (!isPermitted) this.#sayError(Refusal.subscribed(subject, queue, sid));
      return isPermitted;
    });
  }

  connect(json: Uint8Array): void {
    this.#authTimer?.clear();
    const request = readConnect(json, this.#request);
    if (!request) return this.#hangUp();
    if (this.#connected) this.#subscriptions.clear();
    this.#connected = true;
    const headers = request.headers && this.#station.identity.settings.headers;
    this.#request = { ...request, headers };
    const permissions = this.#station.authorization.admit(request);
    if (!permissions) return this.refuse(Refusal.authorization);
    this.#permit(permissions);
    if (request.protocol < 0 || request.protocol > MAX_PROTOCOL) {
      return this.refuse(Refusal.protocol);
    }
    if (request.noResponders && !headers) return this.refuse(Refusal.noResponders);
    this.#heartbeat.start();
    this.#acknowledge();
  }

  ping(): void {
    if (!this.#admitted()) return;
    this.#heartbeat.heard();
    this.#connection.say("PONG");
    if (!this.#connected || this.#greeted) return;
    this.#greeted = true;
    if (this.#request.protocol >= MAX_PROTOCOL) this.#sayInfo();
  }

  pong(): void {
    if (this.#admitted()) this.#heartbeat.answered();
  }

  subscribe(subject: string, queue: string | undefined, sid: string): void {
    if (!this.#admitted()) return;
    this.#heartbeat.heard();
    const permissions = this.#permissions;
    const allowed = permissions?.maySubscribe(subject, queue) ?? true;
    if (!allowed || isReservedQueue(queue)) {
      return this.#sayError(Refusal.subscribe(subject, queue));
    }
    const filtered = permissions?.mustFilter(subject, queue) ?? false;
    const subscribed = this.#subscriptions.add(subject, queue, sid, filtered);
    if (subscribed === "full") this.#sayError(Refusal.maxSubscriptions);
    else if (subscribed === "invalid") this.#sayError(Refusal.subject);
    else this.#acknowledge();
  }

  unsubscribe(sid: string, max: number): void {
    if (!this.#admitted()) return;
    this.#heartbeat.heard();
    this.#subscriptions.end(sid, max);
    this.#acknowledge();
  }

  announce({ subject, headerSize, size }: PublishLine): boolean {
    if (!this.#admitted()) return false;
    if (headerSize >= 0 && !this.#request.headers) {
      this.#hangUp();
      return false;
    }
    if (size > this.#station.identity.settings.maxPayload) {
      this.refuse(Refusal.maxPayload);
      return false;
    }
    // nats-server reports an error, and delivers the message anyway
    if (this.#request.pedantic && !isValidLiteral(subject)) {
      this.#sayError(Refusal.publishSubject);
    }
    return true;
  }

  publish(line: PublishLine, payload: Uint8Array): void {
    const { exchange, traffic, publications } = this.#station;
    const { subject, reply } = line;
    this.#heartbeat.heard();
    traffic.messagesIn++;
    traffic.bytesIn += payload.length;
    const allowed = this.#permissions?.mayPublish(subject) ?? true;
    if (!allowed || isReservedSubject(subject)) {
      return this.#sayError(Refusal.publish(subject));
    }
    if (reply !== "" && isReservedReply(reply)) {
      return this.#sayError(Refusal.reply(reply));
    }
    this.#acknowledge();
    if (subject === USER_INFO && reply !== "") return this.#answerUserInfo(reply);
    if (isTraceOnly(line, payload) && exchange.reaches(subject)) return;
    publications.note(line, payload);
    if (exchange.publish({ line, payload, from: this })) return;
    if (reply === "" || !this.#request.noResponders) return;
    const subscription = exchange.subscriptionOf(this, reply);
    if (!subscription) return;
    putNoResponders(this.#connection.out, subscription, line);
    this.#connection.send();
  }

  deliver(subscription: Subscription, publication: Publication): boolean {
    if (this.#closed || (publication.from === this && !this.#request.echo)) return false;
    const { line, payload } = publication;
    const permissions = this.#permissions;
    if (subscription.filtered && !permissions?.mayReceive(line.subject, subscription.queue)) {
      return false;
    }
    this.#subscriptions.count(subscription);
    putMessage(this.#connection.out, subscription, publication, this.#request.headers);
    this.#station.traffic.messagesOut++;
    this.#station.traffic.bytesOut += payload.length;
    if (permissions && line.reply !== "") permissions.noteReply(line.reply);
    this.#connection.send();
    this.#station.congestion.note(this.#connection);
    return true;
  }

  unknownOperation(): void {
    if (this.#admitted()) this.refuse(Refusal.unknownOperation);
  }

  controlLineTooLong(): void {
    this.refuse(Refusal.controlLine);
  }

  malformed(): void {
    if (this.#admitted()) this.#hangUp();
  }

  /** a client that must authenticate may send nothing before that */
  #admitted(): boolean {
    if (this.#connected || !this.#station.authorization.required) return true;
    this.refuse(Refusal.authorization);
    return false;
  }

  #permit(granted: EmbeddedPermissions): Permissions | undefined {
    this.#granted = granted;
    const isLimited = Object.keys(granted).length > 0;
    return this.#permissions = isLimited
      ? new Permissions(granted, this.#station.clock)
      : undefined;
  }

  #answerUserInfo(subject: string): void {
    const { exchange, identity, clock } = this.#station;
    const payload = userInfo(
      identity,
      clock.wallTime(),
      this.#request,
      this.#permissions && this.#granted,
    );
    const line = { subject, reply: "", headerSize: -1, size: payload.length };
    exchange.publish({ line, payload, from: SERVER });
  }

  #acknowledge(): void {
    if (this.#request.verbose) this.#connection.say("+OK");
  }

  #sayError(reason: string): void {
    this.#connection.say(`-ERR '${reason}'`);
  }

  #sayInfo(): void {
    const { identity, lameDuck } = this.#station;
    const occasion = { client: this.#id, address: this.#address, connected: this.#connected };
    this.#connection.say(infoLine(identity, { ...occasion, lameDuck }));
  }

  #hangUp(): void {
    this.#leave();
    this.#connection.end();
  }

  #leave(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#authTimer?.clear();
    this.#heartbeat.stop();
    this.#reading.stop();
    this.#subscriptions.clear();
    this.#station.left(this.#id);
  }
}
