import type { ReadSubscriber } from "../../../mod.ts";
import type { Peer } from "./peer.ts";

/** A piece of work that every peer is told to do. */
export interface Task {
  readonly name: string;
  suits(peer: Peer): boolean;
  /**
   * Gives the milliseconds that so many operations took.
   *
   * @throws {Error} if anything came out wrong: a fast wrong answer must not count
   */
  perform(peer: Peer, operations: number): Promise<number>;
}

/** All there is to do; `last` hears the last message that each peer publishes. */
export function tasks(last: ReadSubscriber): readonly Task[] {
  return [requests(1), requests(64), publishing(last)];
}

function requests(atOnce: number): Task {
  return {
    name: `requests, ${atOnce} at once`,
    suits: () => true,
    perform: (peer, operations) => peer.request(atOnce, operations),
  };
}

function publishing(last: ReadSubscriber): Task {
  return {
    name: "messages published",
    suits: ({ about }) => about.publishes,
    async perform(peer, operations) {
      const milliseconds = await peer.publish(operations);
      const message = await last.next({ timeout: 5_000 });
      const count = countOf(message?.body);
      if (message?.subject !== `${peer.subject}.last` || count !== operations) {
        throw new Error(
          `Cannot measure ${peer.name} as its last message must be number ${operations}: ${count}`,
        );
      }
      return milliseconds;
    },
  };
}

/** What NestJS sends is an envelope, with the message in its `data`. */
function countOf(body: unknown): unknown {
  const { data = body } = body as { readonly data?: unknown };
  return (data as { readonly count?: unknown }).count;
}
