import { assertEquals } from "@std/assert";
import { STREAM_FIELDS, STREAM_RULES } from "../../../src/jetstream/stream/stream_fields.ts";
import { CONFIG_REQUEST } from "../../../src/testing/server/jetstream/stream/config.ts";

Deno.test("Every field of a stream has an option, or a reason why it has none", () => {
  const { pedantic: _, ...fields } = CONFIG_REQUEST;
  assertEquals(Object.keys(STREAM_FIELDS).sort(), Object.keys(fields).sort());
  const without = Object.entries(STREAM_FIELDS).filter(([, field]) => "reason" in field);
  assertEquals(without.map(([name]) => name), ["name", "no_ack", "sealed", "allow_msg_counter"]);
});

Deno.test("An option of a stream has the name of its field", () => {
  const camel = (field: string) => field.replace(/_(\w)/g, (_, letter) => letter.toUpperCase());
  const optional = Object.entries(STREAM_FIELDS).filter(([, field]) => "option" in field);
  assertEquals(Object.keys(STREAM_RULES), optional.map(([field]) => camel(field)));
});
