import type { Message } from "../message/message.ts";
import type { ParamNames, Params } from "../subject/params.ts";
import type { PublishOptions, RequestOptions } from "./send_options.ts";

/**
 * What a publisher is called with: the parameters first, if its pattern has any. Of a pattern that is only known when
 * the program runs, the pattern itself decides, and a wrong call is a `TypeError`.
 */
export type Addressed<Text extends string, Rest extends readonly unknown[]> = string extends Text
  ? Rest | [params: Params<Text>, ...rest: Rest]
  : [ParamNames<Text>] extends [never] ? Rest
  : [params: Params<Text>, ...rest: Rest];

/**
 * One subject, or all that a pattern such as `"orders.{id}.price"` stands for, as a place to publish to;
 * `broker.publisher()` makes it.
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
   * Publishes; as `broker.publish` does, to the subject that the parameters make of the pattern.
   *
   * @throws {TypeError} for a call without the parameters, or with what are none
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body that does not fit the schema
   */
  publish(...message: Addressed<Text, [body?: Body, options?: PublishOptions]>): Promise<void>;

  /**
   * Asks, and resolves with the answer; as `broker.request` does.
   *
   * @throws {TypeError} for a call without the parameters, or with what are none
   * @throws {InvalidSubjectError} for a parameter that is not one token
   * @throws {ValidationError} for a body, or an answer, that does not fit its schema
   */
  request(
    ...message: Addressed<Text, [body?: Body, options?: Omit<RequestOptions, "schema">]>
  ): Promise<Message<Answer>>;
}
