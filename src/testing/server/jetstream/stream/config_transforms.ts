import { isValidSubject, overlap } from "../../subject.ts";
import { ApiError, type ApiErrorName, invalidConfig } from "../api/errors.ts";
import type { RepublishConfig, StreamConfig } from "./config.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** The random source of a transform that is only checked, never applied. */
const never = () => 0;

/** Throws an {@linkcode ApiError} if the stream's subject transform is invalid. */
export function checkTransform({ subject_transform }: StreamConfig): void {
  if (!subject_transform) return;
  const { src = "", dest = "" } = subject_transform;
  if (src !== "" && !isValidSubject(src)) {
    throw new ApiError("streamTransformInvalidSource", `invalid subject ${src}`);
  }
  checkMapping(src, dest, "streamTransformInvalidDestination");
}

/** Throws an {@linkcode ApiError} if subjects cannot be mapped from `src` to `dest`. */
export function checkMapping(src: string, dest: string, fault: ApiErrorName): void {
  try {
    if (dest !== "" && !isDestination(dest)) throw new Error("invalid transform");
    SubjectTransform.of(src, dest, never);
  } catch (error) {
    throw new ApiError(fault, (error as Error).message);
  }
}

/** Whether the text is a valid destination: a subject, in which functions may contain spaces. */
function isDestination(text: string): boolean {
  return isValidSubject(
    text.split(".").map((token) => /^{{.+}}$/s.test(token) ? "x" : token).join("."),
  );
}

/** Completes the republish configuration; throws an {@linkcode ApiError} if it would publish into the stream itself. */
export function checkRepublish(
  { republish, subjects, subject_transform }: StreamConfig,
  pedantic: boolean,
): RepublishConfig | undefined {
  if (!republish) return undefined;
  let { src = "", dest = "" } = republish;
  if (src === "" && pedantic) throw new ApiError("pedantic", "republish source can not be empty");
  if (src === "") src = ">";
  if (
    src === ">" && dest === ">" && subject_transform && subjects.length === 1 &&
    subject_transform.src === subjects[0]
  ) {
    if (pedantic) {
      throw new ApiError("pedantic", "implicit republish based on subject transform");
    }
    src = dest = subject_transform.dest;
  }
  if (subjects.some((subject) => overlap(dest, subject))) {
    throw invalidConfig("stream configuration for republish destination forms a cycle");
  }
  try {
    SubjectTransform.of(src, dest, never);
  } catch {
    const what = `with transform from '${src}' to '${dest}' not valid`;
    throw invalidConfig(`stream configuration for republish ${what}`);
  }
  return { ...republish, src, dest };
}
