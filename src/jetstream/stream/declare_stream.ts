import type { StreamConfig, StreamInfo } from "../api/api_types.ts";
import { ConflictError, DifferenceError, NotFoundError } from "../api/errors.ts";
import type { JetStreamApi } from "../api/js_api.ts";
import { checkName } from "../api/names.ts";
import { differencesOf } from "./differences.ts";
import { hasOwnSubjects, wantsOwnSubjects, withOwnSubjects } from "./own_subjects.ts";
import { checkKept, checkVersion } from "./versions.ts";

/**
 * What to do at start about something declared. `verify`: it must exist and be as declared. `create`: it is made where it
 * is missing, and else must be as declared. `update`: it is made where it is missing, and what is named and differs is
 * changed; all else stays. `leave`: it must exist, and is used as it is.
 */
export type Declare = "verify" | "create" | "update" | "leave";

/** The words of {@linkcode Declare}. */
export const DECLARE: readonly Declare[] = ["verify", "create", "update", "leave"];

/** A configuration with what is declared of it. */
export type DeclaredStream = Partial<StreamConfig> & { readonly name: string };

/** "stream name already in use with a different configuration". */
const NAME_IN_USE = 10058;

/**
 * Has a stream be as declared, as far as `declare` says; returns what the server has.
 *
 * @throws {NotFoundError} if it is missing and is not to be made
 * @throws {DifferenceError} if it differs and is not to be changed, or cannot be; nothing was changed
 * @throws {ConflictError} if another stream has one of its subjects
 * @throws {UnavailableError} if the server is too old for one of its fields
 */
export async function declareStream(
  api: JetStreamApi,
  config: DeclaredStream,
  declare: Declare,
): Promise<StreamInfo> {
  checkName("declare a stream", config.name);
  const found = await existing(api, config, declare);
  const info = found
    ? await adapted(api, config, declare, found)
    : await created(api, config, declare);
  api.streams.note(info.config);
  return info;
}

/** Where declaring a stream publishes to. */
export function declareNeeds(api: JetStreamApi, name: string, declare: Declare): string[] {
  const verbs = {
    leave: ["INFO"],
    verify: ["INFO"],
    create: ["INFO", "CREATE"],
    update: ["INFO", "CREATE", "UPDATE"],
  }[declare];
  return verbs.map((verb) => `${api.prefix}.STREAM.${verb}.${name}`);
}

async function existing(
  api: JetStreamApi,
  { name }: DeclaredStream,
  declare: Declare,
): Promise<StreamInfo | undefined> {
  try {
    return await api.call<StreamInfo>(`STREAM.INFO.${name}`);
  } catch (error) {
    const isMade = declare === "create" || declare === "update";
    if (isMade && error instanceof NotFoundError) return undefined;
    throw error;
  }
}

async function created(
  api: JetStreamApi,
  config: DeclaredStream,
  declare: Declare,
): Promise<StreamInfo> {
  checkVersion(api, config);
  try {
    const made = await api.call<StreamInfo>(
      `STREAM.CREATE.${config.name}`,
      withOwnSubjects(config),
    );
    checkKept(config, made.config);
    return made;
  } catch (error) {
    if (!(error instanceof ConflictError) || error.errCode !== NAME_IN_USE) throw error;
    // somebody else has made it meanwhile
    const found = await api.call<StreamInfo>(`STREAM.INFO.${config.name}`);
    return await adapted(api, config, declare, found);
  }
}

async function adapted(
  api: JetStreamApi,
  config: DeclaredStream,
  declare: Declare,
  found: StreamInfo,
): Promise<StreamInfo> {
  const differences = differencesOf(config, found.config);
  const isAdded = declare === "update" && lacksOwnSubjects(config, found.config);
  if (declare === "leave" || (differences.length === 0 && !isAdded)) return found;
  const what = `stream "${config.name}"`;
  if (declare !== "update") throw new DifferenceError(what, differences);
  if (differences.some(({ changeable }) => !changeable)) {
    throw new DifferenceError(what, differences, "nothing that differs must be unchangeable");
  }
  checkVersion(api, config);
  const changed = await api.call<StreamInfo>(
    `STREAM.UPDATE.${config.name}`,
    withChanges(found.config, config),
  );
  checkKept(config, changed.config);
  return changed;
}

/** What the server has, with what is named in its place: an update resets whatever is left out. */
function withChanges(found: StreamConfig, declared: DeclaredStream): StreamConfig {
  const named = Object.fromEntries(
    Object.entries(declared).filter(([, value]) => value !== undefined),
  );
  const metadata = { ...programsOwn(found.metadata), ...declared.metadata };
  return withOwnSubjects({ ...found, ...named, metadata });
}

/**
 * Whether this package's own subjects have to be added to the stream. Their absence is no difference from the declaration.
 */
function lacksOwnSubjects(declared: DeclaredStream, found: StreamConfig): boolean {
  if (!wantsOwnSubjects(declared) || hasOwnSubjects(found)) return false;
  return hasOwnSubjects(withChanges(found, declared));
}

/** Without what the server has added by itself. */
function programsOwn(metadata: StreamConfig["metadata"] = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(metadata).filter(([name]) => !name.startsWith("_nats.")),
  );
}
