/** All error codes that a caller can get instead of a value, in `Nats-Service-Error-Code` (ADR-32). */
export const ERROR_CODES = {
  /** The body does not decode, or does not fit the schema; the data holds the issues. */
  badRequest: 400,
  /** No filter of the subject's handlers takes this message. */
  notFound: 404,
  /** The reply is larger than the server's limit. */
  tooLarge: 413,
  /** Too many messages wait for the handler, or a middleware's limit is exceeded. */
  tooMany: 429,
  /** The handler threw, or its reply could not be encoded or did not fit its schema; only our log shows the reason. */
  internal: 500,
  /** The broker stops, and the handler did not finish in time. */
  unavailable: 503,
  /** The caller's timeout passed before the handler began, or the middleware `timeout()` ended the wait. */
  deadline: 504,
} as const;
