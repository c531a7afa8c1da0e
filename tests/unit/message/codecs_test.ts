import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { NatsBroker } from "@signalbox/nats";
import { DecodeError, EncodeError } from "../../../src/errors.ts";
import { type Codec, type Codecs, codecsOf } from "../../../src/message/codecs.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);
const textOf = (data: Uint8Array) => new TextDecoder().decode(data);

/** Writes its name before the JSON of what it is given. */
function named(name: string): Codec {
  return {
    encode: (body) => `${name}:${JSON.stringify(body)}`,
    decode: (data) => ({ [name]: textOf(data) }),
  };
}

function made(codecs: Record<string, Codec>, contentType?: string): Codecs {
  const given = codecsOf("make a broker", codecs, contentType);
  assert(given);
  return given;
}

/** What a codec makes of a body, and its type. */
function encoded(
  codecs: Codecs,
  body: unknown,
  contentType?: string,
): [string, string | undefined] {
  const fields = contentType === undefined ? undefined : [["Content-Type", contentType]] as const;
  const { data, contentType: type } = codecs.encode(body, fields);
  return [textOf(data), type];
}

const PACK = "application/x-pack";
const packs = (codec: Partial<Codec>) => made({ [PACK]: { ...named("pack"), ...codec } }, PACK);

Deno.test("NatsBroker has codecs of its own only where the program gives some", () => {
  assertEquals(codecsOf("make a broker"), undefined);
  assertEquals(codecsOf("make a broker", {}, "application/json"), undefined);
});

Deno.test("NatsBroker throws a TypeError for what is no codec, and no media type", () => {
  const type = "application/cbor";
  const codec = named("cbor");
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ [type]: undefined }, `the codec of "${type}" must be an object with encode() and decode()`],
    [{ [type]: null }, "must be an object with encode() and decode(): null"],
    [{ [type]: "cbor" }, `must be an object with encode() and decode(): "cbor"`],
    [{ [type]: {} }, `"encode" of the codec of "${type}" must be a function: undefined`],
    [{ [type]: { encode: 1, decode: 1 } }, `"encode" of the codec of "${type}" must be a function`],
    [{ [type]: { ...codec, decode: null } }, `"decode" of the codec of "${type}"`],
    [{ [type]: { ...codec, decode: async () => {} } }, "must be a function that is not async"],
    [{ [type]: { ...codec, encode: class Encoder {} } }, `"encode" of the codec`],
    ...["", "cbor", "/", "application/", "*/*", "application/*", "a/b/c", "a b/c", "a/b; c=d"]
      .map((name) => [{ [name]: codec }, `media type without parameters: "${name}"`] as const),
    [{ [type]: codec, "Application/CBOR": codec }, 'another media type without parameters: "App'],
    [[], `"codecs" must be an object`],
    [codec.encode, `"codecs" must be an object`],
  ];
  for (const [codecs, sentence] of wrong) {
    const options = { codecs: codecs as Record<string, Codec> };
    const { message } = assertThrows(() => new NatsBroker("nats://a:4222", options), TypeError);
    assert(message.startsWith("Cannot make a broker as "), message);
    assert(message.includes(sentence), `${message} has no ${sentence}`);
  }
});

Deno.test("NatsBroker throws a TypeError for a contentType without a codec", () => {
  const codecs = { "application/cbor": named("cbor") };
  for (const contentType of ["application/msgpack", "text/plain", "cbor", "application/cbor;a=b"]) {
    assertThrows(
      () => new NatsBroker("nats://a:4222", { codecs, contentType }),
      TypeError,
      `as "contentType" must be "application/json" or a name in "codecs": "${contentType}"`,
    );
  }
  assertThrows(
    () => new NatsBroker("nats://a:4222", { contentType: "text/plain" }),
    TypeError,
    "contentType",
  );
  assertThrows(
    () => new NatsBroker("nats://a:4222", { codecs, contentType: "" }),
    TypeError,
    "contentType",
  );
});

Deno.test("Codecs.encode() goes by the header, in any case and with parameters", () => {
  const codecs = made({ "Application/X-Pack": named("pack") });
  assertEquals(encoded(codecs, [1], PACK), ["pack:[1]", PACK]);
  assertEquals(encoded(codecs, "a", "application/X-PACK ; v=1"), [
    'pack:"a"',
    "application/X-PACK ; v=1",
  ]);
  assertEquals(encoded(codecs, undefined, PACK), ["pack:undefined", PACK]);
  assertEquals(encoded(codecs, [1], "application/vnd.shop+x-pack")[0], "pack:[1]");
});

Deno.test("Codecs.encode() takes the broker's contentType for what is neither text nor bytes", () => {
  const codecs = packs({});
  assertEquals(encoded(codecs, { a: 1 }), ['pack:{"a":1}', PACK]);
  assertEquals(encoded(codecs, null), ["pack:null", PACK]);
  assertEquals(encoded(codecs, "a"), ["a", "text/plain"]);
  assertEquals(encoded(codecs, bytesOf("a")), ["a", "application/octet-stream"]);
  assertEquals(encoded(codecs, undefined), ["", undefined]);
  assertEquals(encoded(codecs, [1], "application/json"), ["[1]", "application/json"]);
  const error = [["Nats-Service-Error-Code", "404"]] as const;
  assertEquals(codecs.encode({ a: 1 }, error).contentType, "application/json");
});

Deno.test("Codecs.encode() takes bytes for encoded already", () => {
  const codecs = packs({});
  for (const bytes of [bytesOf("a"), bytesOf("a").buffer, new DataView(bytesOf("a").buffer)]) {
    assertEquals(encoded(codecs, bytes, PACK)[0], "a");
  }
});

Deno.test("Codecs.encode() encodes without codecs' help what has none", () => {
  const codecs = packs({});
  assertEquals(encoded(codecs, '{"a":1}', "application/json")[0], '{"a":1}');
  assertEquals(encoded(codecs, [1], "application/vnd.other")[0], "[1]");
  // text and bytes alone can be text and bytes, so a copied header does not count
  assertEquals(encoded(codecs, [1], "text/plain"), ["pack:[1]", PACK]);
});

Deno.test("Codecs replace the built-in types, each for what goes as it", () => {
  const codecs = made({
    "text/plain": { encode: (text) => `t${text}`, decode: (data) => textOf(data).slice(1) },
    "application/json": named("json"),
    "application/octet-stream": {
      encode: (bytes) => (bytes as Uint8Array).toReversed(),
      decode: (data) => data.reverse(),
    },
  });
  assertEquals(encoded(codecs, "a"), ["ta", "text/plain"]);
  assertEquals(encoded(codecs, [1]), ["json:[1]", "application/json"]);
  assertEquals(encoded(codecs, bytesOf("ab")), ["ba", "application/octet-stream"]);
  // UTF-8 has no form for half a character
  assertEquals(encoded(codecs, "\ud800"), ['json:"\\ud800"', "application/json"]);
  assertEquals(codecs.decode(bytesOf("ta"), "text/plain; charset=utf-8"), "a");
  assertEquals(codecs.decode(bytesOf("[1]"), "application/problem+json"), { json: "[1]" });
  const data = bytesOf("ab");
  assertEquals(codecs.decode(data, "application/octet-stream"), bytesOf("ba"));
  assertEquals(data, bytesOf("ab"));
});

Deno.test("Codecs.decode() goes by the content type, in any case and with parameters", () => {
  const codecs = packs({});
  for (const type of [PACK, "APPLICATION/x-Pack", ` ${PACK} ; a=b`, "application/vnd.a+x-pack"]) {
    assertEquals(codecs.decode(bytesOf("a"), type), { pack: "a" });
  }
});

Deno.test("Codecs.decode() decodes without codecs' help what has none", () => {
  const codecs = packs({});
  assertEquals(codecs.decode(bytesOf("[1]"), "application/json"), [1]);
  assertEquals(codecs.decode(bytesOf("[1]"), "text/plain"), "[1]");
  assertEquals(codecs.decode(bytesOf("[1]"), undefined), [1]);
  for (const type of ["", ";", "application/x-packs", "application/vnd.a+msgpack", "+", "a/b+"]) {
    assertEquals(codecs.decode(bytesOf("[1]"), type), bytesOf("[1]"));
  }
});

Deno.test("Codecs.decode() gives the codec bytes that it may keep and change", () => {
  const chunk = bytesOf("before-body-after");
  const kept: Uint8Array[] = [];
  const codecs = packs({
    decode: (data) => {
      kept.push(data);
      return data.fill(0);
    },
  });
  codecs.decode(chunk.subarray(7, 11), PACK);
  assertEquals(textOf(chunk), "before-body-after");
  assertEquals(kept[0]?.buffer.byteLength, 4);
});

Deno.test("Codecs.encode() keeps its own copy of a codec's bytes", () => {
  const shared = new Uint8Array(4);
  const codecs = packs({ encode: (byte) => shared.fill(byte as number) });
  const first = codecs.encode(1).data;
  codecs.encode(2);
  assertEquals(first, new Uint8Array([1, 1, 1, 1]));
});

Deno.test("Codecs.encode() makes an EncodeError of what a codec throws", () => {
  const thrown: readonly (readonly [unknown, string])[] = [
    [new RangeError("too deep"), "it threw: too deep"],
    ["text", 'it threw: a value: "text"'],
    [undefined, "it threw: a value: undefined"],
    [new EncodeError("body.a is a function", { place: "body.a" }), "it threw: Cannot encode"],
    [new Proxy({}, { getPrototypeOf: () => assert(false) as unknown as null }), "it threw: "],
  ];
  for (const [cause, sentence] of thrown) {
    const codecs = packs({
      encode: () => {
        throw cause;
      },
    });
    const error = assertThrows(() => codecs.encode({}), EncodeError, sentence);
    const rule = `Cannot encode the body as the codec of "${PACK}" must give bytes or text: `;
    assert(error.message.startsWith(rule), error.message);
    assertStrictEquals(error.cause, cause);
    assertEquals(error.place, "body");
  }
});

Deno.test("Codecs.encode() makes an EncodeError of what is neither bytes nor text", () => {
  const given: readonly (readonly [unknown, string])[] = [
    [undefined, "it gave undefined"],
    [null, "it gave null"],
    [5, "it gave 5"],
    [[1, 2], "it gave [object Array]"],
    [new ArrayBuffer(2), "it gave [object ArrayBuffer]"],
    [new Float64Array(2), "it gave [object Float64Array]"],
    ["\ud800", "it gave text with half a character"],
    [Promise.resolve(new Uint8Array(1)), "it gave a promise"],
    [Promise.reject(new Error("later")), "it gave a promise"],
    [{ then: 5, finish() {} }, "it gave [object Object]"],
  ];
  for (const [made, sentence] of given) {
    const codecs = packs({ encode: () => made as Uint8Array });
    assertThrows(() => codecs.encode({}), EncodeError, sentence);
  }
  const away = new Uint8Array(8);
  structuredClone(away, { transfer: [away.buffer] });
  assertThrows(() => packs({ encode: () => away }).encode({}), EncodeError, "transferred");
});

Deno.test("Codecs.decode() makes a DecodeError of what a codec throws, and of a promise", () => {
  for (const cause of [new RangeError("too deep"), "text", undefined, new DecodeError("a/b")]) {
    const codecs = packs({
      decode: () => {
        throw cause;
      },
    });
    const type = `${PACK}; v=1`;
    const error = assertThrows(
      () => codecs.decode(bytesOf("a"), type),
      DecodeError,
      `must fit its content type: ${type}`,
    );
    assertStrictEquals(error.cause, cause);
    assertEquals(error.contentType, type);
  }
  for (const later of [Promise.resolve(1), Promise.reject(new Error("later"))]) {
    const codecs = packs({ decode: () => later });
    const { cause } = assertThrows(() => codecs.decode(bytesOf("a"), PACK), DecodeError);
    assertInstanceOf(cause, TypeError);
    assert(cause.message.endsWith("it gave a promise"), cause.message);
  }
});

Deno.test("Codecs call a codec with one argument, on itself, as it was at construction", () => {
  const calls: unknown[][] = [];
  class Packer {
    readonly #name = "pack";
    encode(...given: unknown[]) {
      calls.push(given);
      return this.#name;
    }
    decode(...given: unknown[]) {
      calls.push(given.map((one) => textOf(one as Uint8Array)));
      return this.#name;
    }
  }
  const packer = new Packer();
  const codecs = made({ [PACK]: packer }, PACK);
  packer.encode = () => "changed";
  assertEquals(encoded(codecs, { a: 1 })[0], "pack");
  assertEquals(codecs.decode(bytesOf("a"), PACK), "pack");
  assertEquals(calls, [[{ a: 1 }], ["a"]]);
});
