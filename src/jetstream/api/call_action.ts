const OF_STREAMS: Readonly<Record<string, string>> = {
  CREATE: "make",
  DELETE: "delete",
  INFO: "ask about",
  PURGE: "purge",
  UPDATE: "change",
};
const OF_CONSUMERS: Readonly<Record<string, string>> = {
  CREATE: "declare",
  DELETE: "delete",
  INFO: "ask about",
  PAUSE: "pause or resume",
  RESET: "reset",
};
const OF_MESSAGES: Readonly<Record<string, string>> = { DELETE: "delete", GET: "get" };

/**
 * What a call does, in the words of errors, such as `ask about the stream "ORDERS"`; `undefined` for what has no words of
 * its own. The subject is without the prefix.
 */
export function actionOf(subject: string): string | undefined {
  const [kind, verb = "", ...[first, second]] = subject.split(".");
  if (kind === "STREAM" && verb === "MSG") {
    const does = OF_MESSAGES[first ?? ""];
    return does && `${does} a message of the stream "${second}"`;
  }
  if (kind === "STREAM") {
    const does = OF_STREAMS[verb];
    return does && `${does} the stream "${first}"`;
  }
  const does = kind === "CONSUMER" && second !== undefined ? OF_CONSUMERS[verb] : undefined;
  return does && `${does} the consumer "${second}" of "${first}"`;
}
