/**
 * A NATS broker for Deno whose inboxes are private channels.
 *
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 *
 * const broker = new NatsBroker("nats://127.0.0.1:4222", { inboxPrefix: "_CUSTOM_INBOX" });
 * broker.subscriber("greet.{name}", ({ params }) => `Hello, ${params.name}`);
 * await using _test = await TestBroker.start(broker); // with a nats-server: await broker.start()
 *
 * console.log(await broker.newInbox()); // such as _CUSTOM_INBOX.f9hUpVb8xoVAtGpJid2VLA
 * console.log((await broker.request("greet.Ada")).body); // Hello, Ada
 * ```
 *
 * @module
 */
export { NatsBroker } from "./src/broker/broker.ts";
export { fromEnv } from "./src/broker/from_env.ts";
export { NatsRouter } from "./src/broker/router.ts";
export {
  ConnectionError,
  DecodeError,
  EncodeError,
  InvalidSubjectError,
  NoRespondersError,
  OutboxFullError,
  PayloadTooLargeError,
  PermissionError,
  RemoteError,
  ReplyError,
  SubscriptionError,
  TimeoutError,
  ValidationError,
} from "./src/errors.ts";
export { LinkError } from "./src/link/link_error.ts";
export { ReplyAddressError } from "./src/replies/refusals.ts";
export { reply } from "./src/message/reply.ts";

export type { Duration } from "./src/duration.ts";
export type { TimeoutOptions } from "./src/options.ts";
export type { BrokerOptions } from "./src/broker/broker_options.ts";
export type { ReconnectOptions } from "./src/broker/reconnect_options.ts";
export type { TlsOptions } from "./src/connection/settings.ts";
export type {
  BrokerDescription,
  DoorDescription,
  HandlerDescription,
  PublisherDescription,
  ReaderDescription,
  RouteDescription,
  SourceDescription,
} from "./src/broker/description.ts";
export type {
  BrokerStats,
  DoorStats,
  HandlerStats,
  OpenSessions,
  ReaderStats,
} from "./src/broker/stats.ts";
export type { PermissionClaims, Permissions, SubjectClaims } from "./src/broker/permissions.ts";
export type { PermissionsOptions } from "./src/broker/permissions.ts";
export type { Auth, AuthSource, AuthWay, Sign } from "./src/connection/auth.ts";
export type { BrokerEvent, BrokerState } from "./src/events.ts";
export type { LogFields, Logger } from "./src/log/logger.ts";
export type { ServiceOptions } from "./src/service/endpoint.ts";
export type { NextOptions, Reader } from "./src/reader.ts";
export type { Inbox, InboxEnd } from "./src/inbox/inbox.ts";
export type { InboxOptions } from "./src/inbox/inbox.ts";
export type { MessageOptions, PublishOptions } from "./src/sending/send_options.ts";
export type { QuestionOptions, RequestOptions } from "./src/sending/send_options.ts";
export type { RequestManyOptions } from "./src/requests/answers.ts";
export type { Answer, Answers, AnswersEnd } from "./src/requests/answers.ts";
export type { LinkEnd } from "./src/link/link_error.ts";
export type { LinkOptions } from "./src/link/link_options.ts";
export type { SendOptions, Session, SessionHandler, SessionState } from "./src/link/session.ts";
export type {
  OpeningOptions,
  OpenSessionOptions,
  SessionOptions,
} from "./src/link/link_options.ts";
export type { ReplyStream } from "./src/link/stream.ts";
export type { RequestStreamOptions } from "./src/link/link_options.ts";
export type { Codec } from "./src/message/codecs.ts";
export type { AnyState, Message } from "./src/message/message.ts";
export type { HeaderFields, HeaderRecord, MessageHeaders } from "./src/message/headers.ts";
export type { Reply, ReplyOptions } from "./src/message/reply.ts";
export type { JsonSchema, Schema, SchemaIssue, SchemaResult } from "./src/message/schema.ts";
export type { AnyParams, ParamNames, Params } from "./src/subject/subject.ts";
export type { Providing } from "./src/broker/router.ts";
export type { AnyReply, Subscribed } from "./src/broker/router_types.ts";
export type { IncludeOptions, MiddlewarePair, Replied } from "./src/broker/router_types.ts";
export type { Given, GivenBySource, KIND, Kind, Source } from "./src/source/source.ts";
export type { Handler } from "./src/subscriber/subscriber.ts";
export type { HandlerSubscriber, ReadSubscriber, Subscriber } from "./src/subscriber/subscriber.ts";
export type { ReadOptions, SubscriberOptions } from "./src/subscriber/subscriber_options.ts";
export type { Addressed, Publisher } from "./src/sending/publisher_types.ts";
export type { PublisherOptions } from "./src/sending/publisher_types.ts";
export type {
  Draft,
  GivenDraft,
  Middleware,
  PublishMiddleware,
} from "./src/middleware/middleware.ts";
export type { Bounds, Overflow } from "./src/queue.ts";
export type { ConnectionErrorReason, ValidationIssue } from "./src/errors.ts";
