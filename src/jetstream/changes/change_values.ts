import { checkOptions, signal } from "../../options.ts";
import { handled } from "../../promises.ts";
import {
  type BrokerAccess,
  type Kind,
  type Needs,
  type Sink,
  type Source,
  source,
} from "../../door/mod.ts";
import { OpenChangeReader, readingOf } from "./change_reader.ts";
import { ChangeSource, type ChangeSourceOptions } from "./change_source.ts";
import type { ChangeView } from "./change_view.ts";
import type { Watchable } from "./watch.ts";

/** The changes of a bucket, as a program is to get them. */
export interface ChangesSettings<Entry> {
  /** The name of the source. */
  readonly name: string;
  readonly needs: Needs;
  readonly description: Readonly<Record<string, unknown>>;
  readonly view: ChangeView<Entry>;
  readonly options: ChangeSourceOptions;
  /** The bucket as a broker reaches it. */
  readonly on: (access: BrokerAccess) => Watchable<Entry>;
}

/** How to read changes. */
interface ReadingOptions {
  readonly signal?: AbortSignal;
}

/** What a source of changes has besides. */
interface Reading<Entry> {
  open(options?: ReadingOptions): Promise<OpenChangeReader<Entry>>;
  [Symbol.asyncIterator](): AsyncIterator<unknown>;
}

/** Makes a source of changes, which can be read by the broker of this access, too. */
export function changesOf<Entry>(
  access: BrokerAccess,
  { name, needs, description, view, options, on }: ChangesSettings<Entry>,
): Source<Kind> & Reading<Entry> {
  const open = (reading: ReadingOptions = {}) => {
    checkOptions(`read the changes of ${name}`, reading, { signal });
    return handled(OpenChangeReader.open(on(access), view, options, reading));
  };
  const driver = {
    pattern: view.pattern,
    needs,
    description,
    open: (sink: Sink, broker: BrokerAccess) => new ChangeSource(sink, on(broker), view, options),
  };
  return source(name, driver, { open, [Symbol.asyncIterator]: () => readingOf(open) });
}
