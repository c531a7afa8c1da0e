/**
 * What a caller is told when a request was not answered with a value: the codes of every way to fail, all of them
 * here. They are sent in `Nats-Service-Error-Code` (ADR-32).
 */
export const ERROR_CODES = {
  /** The body does not decode, or does not fit the schema; the data has the issues. */
  badRequest: 400,
  /** Handlers listen, and none of them takes this message. */
  notFound: 404,
  /** The reply is larger than the server takes. */
  tooLarge: 413,
  /** More messages wait for the handler than may, or than a middleware's limit lets through. */
  tooMany: 429,
  /** The handler threw, or its reply could not be encoded or did not fit its schema; why stays in our log. */
  internal: 500,
  /** The broker stops, and the handler was not done in time. */
  unavailable: 503,
  /** The caller's time was over before the handler began, or `timeout()` ended it. */
  deadline: 504,
} as const;
