import type { ParamNames } from "../../door/mod.ts";

/** The patterns of the messages of a consumer. */
export type ConsumerPattern<Subjects extends string, Options> = Options extends
  { readonly subject: infer Given }
  ? Given extends string ? Given : Given extends readonly (infer Each extends string)[] ? Each
  : Subjects
  : Subjects;

/** What the compiler can find wrong: a subject outside of the stream, a key that no subject has. */
export type CheckedConsumer<Subjects extends string, Options> =
  & (Options extends { readonly subject: infer Given }
    ? { readonly subject: CheckedSubjects<Given, Subjects> }
    : unknown)
  & (Options extends { readonly key: string | readonly string[] }
    ? { readonly key: CheckedKey<ConsumerPattern<Subjects, Options>> }
    : unknown);

/** The parameters that a key may be made of. */
export type CheckedKey<Pattern extends string> = string extends Pattern ? string | readonly string[]
  : ParamNames<Pattern> | readonly ParamNames<Pattern>[];

/** A subject, or a list of them, each checked. */
export type CheckedSubjects<Given, Subjects extends string> = Given extends string
  ? CheckedSubject<Given, Subjects>
  : Given extends readonly string[]
    ? { readonly [At in keyof Given]: CheckedSubject<Given[At] & string, Subjects> }
  : Given;

/** A subject, or a text that says what it must be. */
export type CheckedSubject<Given extends string, Subjects extends string> = string extends Given
  ? Given
  : string extends Subjects ? Given
  : true extends (Subjects extends unknown ? IsWithin<Given, Subjects> : never) ? Given
  : { readonly outsideOf: Subjects };

/** Whether each subject of one pattern is one of the other, too. */
export type IsWithin<Given extends string, Wide extends string> = Wide extends ">" ? true
  : Given extends `${infer Token}.${infer Rest}`
    ? Wide extends `${infer WideToken}.${infer WideRest}`
      ? IsTokenWithin<Token, WideToken> extends true ? IsWithin<Rest, WideRest> : false
    : false
  : Wide extends `${string}.${string}` ? false
  : IsTokenWithin<Given, Wide>;

/** Whether one token of a pattern is within a token of another. */
export type IsTokenWithin<Token extends string, Wide extends string> = Wide extends
  "*" | `{${string}}` ? Token extends ">" ? false : true
  : Token extends Wide ? true
  : false;
