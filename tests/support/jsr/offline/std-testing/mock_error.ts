export class MockError extends Error {
  override name = "MockError";
}
