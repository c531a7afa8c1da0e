/** Short, so that it is not what is measured. */
const BODY = new TextEncoder().encode("sixteen bytes ok");
const MEGABYTE = 1_000_000;
/** What a file or a socket gives at a time. */
const PART = new Uint8Array(MEGABYTE / 16).map((_, at) => at * 7);
const OBJECT = "object";

/**
 * The orders that need JetStream, by what the client has for them: `store`, `put` and `get`, each with how many are on
 * their way and how many there are, and `putObject` and `getObject` with the megabytes. It is opened at the first of
 * them, when the stream and the buckets are there.
 */
export function stored(open) {
  let opened;
  const once = () => opened ??= open();
  return {
    async store(atOnce, operations) {
      const { publish } = await once();
      await inLanes(atOnce, operations, async () => positive(await publish(BODY)));
    },
    async put(atOnce, operations) {
      const { put } = await once();
      await inLanes(atOnce, operations, async (lane) => positive(await put(`k.${lane}`, BODY)));
    },
    async get(atOnce, operations) {
      const { get } = await once();
      await inLanes(atOnce, operations, async (lane) => same(await get(`k.${lane}`)));
    },
    async putObject(megabytes) {
      const { putObject } = await once();
      await putObject(OBJECT, body(megabytes));
    },
    async getObject(megabytes) {
      const { getObject } = await once();
      let length = 0;
      for await (const part of await getObject(OBJECT)) length += part.length;
      if (length !== megabytes * MEGABYTE) {
        throw new Error(`Cannot go on as an object must have ${megabytes} MB: ${length} bytes`);
      }
    },
  };
}

/** An object as it comes, part by part, of so many megabytes. */
export function body(megabytes) {
  let left = megabytes * MEGABYTE / PART.length;
  return new ReadableStream({
    pull(controller) {
      if (left-- > 0) controller.enqueue(PART.slice());
      else controller.close();
    },
  });
}

async function inLanes(atOnce, operations, operate) {
  let left = operations;
  const lane = async (_, number) => {
    while (left-- > 0) await operate(number);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

function positive(seq) {
  if (!(seq > 0)) throw new Error(`Cannot go on as what is stored must have a number: ${seq}`);
}

function same(value) {
  if (value?.length === BODY.length && value.every((byte, at) => byte === BODY[at])) return;
  throw new Error(`Cannot go on as a value must be what was put: ${value}`);
}
