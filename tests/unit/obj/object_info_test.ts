import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { Digest, normalDigest } from "../../../src/obj/digest.ts";
import { ObjectError } from "../../../src/obj/errors.ts";
import { nameIn } from "../../../src/obj/names.ts";
import { decodeInfo, encodeInfo } from "../../../src/obj/object_info.ts";
import { partOf } from "../../../src/obj/range.ts";
import { bytesOf, digestOf, infoSubject } from "../../support/objects.ts";

const encoder = new TextEncoder();
const PLACE = { bucket: "files", seq: 7, time: new Date("2026-01-31T12:00Z") };
const read = (wire: unknown) => decodeInfo("get", "x", encoder.encode(JSON.stringify(wire)), PLACE);
const DIGEST = digestOf(bytesOf(3));

/** As nats.go, nats.js and nats-py have written them; nats.js writes a link without an id. */
const WRITTEN = {
  go: {
    ...{ name: "x", headers: { "Content-Type": ["a/b"] }, options: { max_chunk_size: 131072 } },
    ...{ bucket: "files", nuid: "CkuyLEX4z2hbyjj1aWCfiH", size: 3, mtime: "0001-01-01T00:00:00Z" },
    ...{ chunks: 1, digest: DIGEST },
  },
  js: {
    ...{ bucket: "files", nuid: "ID", size: 3, chunks: 1, name: "x", description: "" },
    ...{ options: { max_chunk_size: 131072 }, mtime: "2026-01-31T12:00:00.000Z" },
    ...{ headers: { "content-type": ["a/b"] }, digest: DIGEST, deleted: false },
  },
  py: {
    ...{ name: "x", bucket: "files", nuid: "ID", size: 3, chunks: 1, digest: DIGEST },
    ...{ deleted: false, headers: { "content-type": "a/b" }, mtime: "2026-01-31T12:00:00+00:00" },
  },
};

Deno.test("decodeInfo() reads what other clients write", () => {
  for (const [client, wire] of Object.entries(WRITTEN)) {
    const { info, isDeleted } = read(wire);
    const { size, chunks, digest, revision, time, link, description } = info;
    assertEquals([size, chunks, digest, revision, time], [3, 1, DIGEST, 7, PLACE.time], client);
    assertEquals([info.headers.get("Content-Type"), isDeleted], ["a/b", false]);
    assertEquals([link, description, info.metadata], [undefined, undefined, {}]);
  }
  const link = read({ name: "l", bucket: "others", options: { link: { bucket: "o", name: "x" } } });
  assertEquals([link.info.link, link.info.bucket], [{ bucket: "o", name: "x" }, "files"]);
  const whole = read({ name: "l", nuid: "ID", options: { link: { bucket: "o" } } });
  assertEquals(whole.info.link, { bucket: "o", name: undefined });
  const gone = read({ ...WRITTEN.go, deleted: true, size: 0, chunks: 0, digest: "" });
  assertEquals([gone.isDeleted, gone.info.digest], [true, undefined]);
});

Deno.test("encodeInfo() writes what decodeInfo() reads", () => {
  for (const wire of [...Object.values(WRITTEN), { ...WRITTEN.go, metadata: { owner: "ada" } }]) {
    const entry = read(wire);
    const again = decodeInfo("get", "x", encodeInfo(entry), PLACE);
    assertEquals({ ...again.info, headers: [...again.info.headers] }, {
      ...entry.info,
      headers: [...entry.info.headers],
    });
  }
});

Deno.test("decodeInfo() does not let a peer change a prototype, or reach into other subjects", () => {
  const text = `{"name":"x","nuid":"ID","size":1,"chunks":1,"metadata":{"__proto__":"x","a":"1"},` +
    `"__proto__":{"deleted":true},"headers":{"__proto__":["v"]}}`;
  const { info, isDeleted } = decodeInfo("get", "x", encoder.encode(text), PLACE);
  assertEquals([Object.getPrototypeOf(info.metadata), isDeleted], [Object.prototype, false]);
  assertEquals(info.metadata.a, "1");
  for (const nuid of [">", "*", "a.b", "a b", "", 7, null, { a: 1 }]) {
    const error = assertThrows(() => read({ ...WRITTEN.go, nuid }), ObjectError);
    assertStrictEquals(error.reason, "unreadable");
  }
});

Deno.test("nameIn() reads the name of a subject, whatever a peer has put there", () => {
  for (const name of ["a", "große/日本", "\n"]) assertStrictEquals(nameIn(infoSubject(name)), name);
  assertStrictEquals(nameIn("$O.files.M.YQ"), "a");
  assertStrictEquals(nameIn("$O.files.M.%"), "%");
});

Deno.test("Digest is a SHA-256, and normalDigest() knows it however it is written", () => {
  const digest = new Digest();
  const bytes = bytesOf(100_000);
  for (let at = 0; at < bytes.length; at += 333) digest.update(bytes.subarray(at, at + 333));
  const text = digest.text();
  assertStrictEquals(text, digestOf(bytes));
  const raw = Uint8Array.fromBase64(text.slice(8), { alphabet: "base64url" });
  const hex = raw.toHex();
  for (const other of [raw.toBase64(), hex, hex.toUpperCase(), text.slice(8).replaceAll("=", "")]) {
    assertStrictEquals(normalDigest(`SHA-256=${other}`), text);
    assertStrictEquals(normalDigest(`sha-256=${other}`), text);
  }
  for (const wrong of ["", "SHA-256=", "SHA-256=AAAA", "SHA-1=AAAA", `MD5=${hex}`, 7, undefined]) {
    assertStrictEquals(normalDigest(wrong), undefined);
  }
});

Deno.test("partOf() is what slice() would take", () => {
  const bytes = bytesOf(10);
  for (const start of [-20, -10, -3, 0, 1, 9, 10, 20]) {
    for (const end of [undefined, -20, -3, 0, 5, 10, 20]) {
      const { start: from, end: to } = partOf(10, [start, end]);
      assertEquals(bytes.slice(from, to), bytes.slice(start, end));
    }
  }
  assertEquals(partOf(10), { start: 0, end: 10 });
});
