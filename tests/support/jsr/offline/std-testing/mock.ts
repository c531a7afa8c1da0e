export { assertSpyCall, assertSpyCalls, type ExpectedSpyCall } from "./mock_assert.ts";
export { MockError } from "./mock_error.ts";
export { restore } from "./mock_registry.ts";
export { resolvesNext, returnsNext } from "./mock_returns.ts";
export { type MethodSpy, type Spy, spy, type SpyCall } from "./spy.ts";
export { type Stub, stub } from "./stub.ts";
