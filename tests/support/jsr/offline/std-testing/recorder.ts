// deno-lint-ignore-file no-explicit-any -- records calls of any function
interface Call {
  args: any[];
  returned?: any;
  error?: Error;
  self?: any;
}

/** Wraps `func` so that each finished call is added to `calls`. */
export function record(func: (...args: any[]) => any, calls: Call[]): (...args: any[]) => any {
  return function (this: any, ...args: any[]): any {
    const call: Call = { args };
    if (this) call.self = this;
    try {
      call.returned = func.apply(this, args);
      return call.returned;
    } catch (error) {
      call.error = error as Error;
      throw error;
    } finally {
      calls.push(call);
    }
  };
}
