import { isValidSubject, overlap } from "../../subject.ts";
import { ApiError, type ApiErrorName, invalidConfig } from "../api/errors.ts";
import type { RepublishConfig, StreamConfig } from "./config.ts";
import { SubjectTransform } from "./subject_transform.ts";

/** Nothing is changed here. */
const never = () => 0;

/** Is the change of subjects one that can be made? */
export function checkTransform({ subject_transform }: StreamConfig): void {
  if (!subject_transform) return;
  const { src = "", dest = "" } = subject_transform;
  if (src !== "" && !isValidSubject(src)) {
    throw new ApiError("streamTransformInvalidSource", `invalid subject ${src}`);
  }
  checkMapping(src, dest, "streamTransformInvalidDestination");
}

/** Can subjects change from the one to the other? */
export function checkMapping(src: string, dest: string, fault: ApiErrorName): void {
  try {
    if (dest !== "" && !isValidSubject(dest)) throw new Error("invalid transform");
    SubjectTransform.of(src, dest, never);
  } catch (error) {
    throw new ApiError(fault, (error as Error).message);
  }
}

/** What is republished, with what is left out; it must not lead back into the stream. */
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
