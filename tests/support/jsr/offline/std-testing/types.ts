/** Compiles only if the condition in its type parameter holds. */
export function assertType<T extends boolean>(_expectTrue: T): void {}

export type AssertTrue<_T extends true> = never;
export type AssertFalse<_T extends false> = never;
export type Assert<T extends boolean, _Expected extends T> = never;

export type IsAny<T> = 0 extends 1 & T ? true : false;
export type IsNever<T> = [T] extends [never] ? true : false;
export type IsUnknown<T> = IsAny<T> extends true ? false : unknown extends T ? true : false;
export type IsNullable<T> = IsNever<Extract<T, null | undefined>> extends true ? false : true;

/** Whether `T` is `U`, or a union that has it. */
export type Has<T, U> = IsAny<T> extends true ? true
  : IsAny<U> extends true ? false
  : IsNever<Extract<T, U>> extends true ? false
  : true;
export type NotHas<T, U> = Has<T, U> extends true ? false : true;

/** Whether the compiler cannot tell `T` from `U`, `any` and `readonly` included. */
export type IsExact<T, U> = Identical<Flat<T>, Flat<U>>;

// Two conditional types are assignable to each other only if what they test is identical: the
// only comparison for which `any` is not equal to everything.
type Identical<T, U> = (<X>() => X extends T ? 1 : 2) extends (<X>() => X extends U ? 1 : 2) ? true
  : false;

// An intersection reads like the object type it amounts to, and has to compare like it.
type Flat<T> = IsAny<T> extends true ? T
  : T extends Record<PropertyKey, unknown> ? { [K in keyof T]: Flat<T[K]> }
  : T;
