import type { Message } from "../message/message.ts";
import type { ParamNames, Params } from "../subject/params.ts";
import type { PublishOptions, RequestOptions } from "./send_options.ts";

/**
 * The arguments of a publisher: the parameters first, if its pattern has any. For a pattern that is known only at run
 * time, the publisher checks the call and throws a `TypeError` if it is wrong.
 */
export type Addressed<Text extends string, Rest extends readonly unknown[]> = string extends Text
  ? Rest | [params: Params<Text>, ...rest: Rest]
  : [ParamNames<Text>] extends [never] ? Rest
  : [params: Params<Text>, ...rest: Rest];

/**
 * Publishes to one subject, or to the subjects of a pattern such as `"orders.{id}.price"`; `broker.publisher()` makes
 * it.
 *
 * @example
 * ```ts
 * import { NatsBroker } from "@signalbox/nats";
 * import { TestBroker } from "@signalbox/nats/testing";
 * import { assertEquals } from "@std/assert";
 *
 * const broker = new NatsBroker();
 * broker.subscriber("orders.{id}.price", ({ params }) => Number(params.id) * 10);
 * const price = broker.publisher("orders.{id}.price");
 * await using _test = await TestBroker.start(broker);
 *
 * assertEquals((await price.request({ id: "42" })).body, 420);
 * ```
 */
export interface Publisher<Text extends string = string, Body = unknown, Answer = unknown> {
  /** The pattern, with the prefixes of all routers it is in. */
  readonly pattern: string;

  /**
   * Publishes as `broker.publish` does, to the pattern filled with the parameters.
   *
   * @throws {TypeError} for a call with missing or wrong parameters
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body that does not fit the schema
   */
  publish(...message: Addressed<Text, [body?: Body, options?: PublishOptions]>): Promise<void>;

  /**
   * Sends a request and resolves with the answer, as `broker.request` does.
   *
   * @throws {TypeError} for a call with missing or wrong parameters
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body, or an answer, that does not fit its schema
   */
  request(
    ...message: Addressed<Text, [body?: Body, options?: Omit<RequestOptions, "schema">]>
  ): Promise<Message<Answer>>;
}
