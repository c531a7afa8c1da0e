/** Whether `wide` matches every subject that `narrow`, a subject or a wildcard pattern, matches. */
export function covers(wide: string, narrow: string): boolean {
  return admits(wide, narrow) && (!narrow.endsWith(">") || wide.endsWith(">"));
}

/**
 * Whether nats-server's permission `entry` admits `asked`. The server compares the tokens of `asked` literally, so that
 * `orders.*` admits `orders.>`, although it does not cover that pattern.
 */
export function admits(entry: string, asked: string): boolean {
  const given = asked.split(".");
  const tokens = entry.split(".");
  const isOpen = tokens.at(-1) === ">";
  if (isOpen) tokens.pop();
  if (isOpen ? given.length <= tokens.length : given.length !== tokens.length) return false;
  return tokens.every((token, at) => token === "*" || token === given[at]);
}

/** Whether some subject matches both wildcard patterns. */
export function overlap(one: string, other: string): boolean {
  return overlapping(one.split("."), other.split("."));
}

function overlapping(one: readonly string[], other: readonly string[]): boolean {
  for (let at = 0; at < Math.max(one.length, other.length); at++) {
    const [left, right] = [one[at], other[at]];
    if (left === undefined || right === undefined) return false;
    if (left === ">" || right === ">") return true;
    if (left !== right && left !== "*" && right !== "*") return false;
  }
  return true;
}

/** A wanted subscription, with or without a queue group. */
export interface Wanted {
  readonly subject: string;
  readonly queue?: string | undefined;
}

/**
 * The fewest permission entries for all wanted subscriptions, as nats-server writes them, `"subject queue"`, sorted.
 *
 * In nats-server an entry with a queue group forbids all other groups on the subjects it admits, even if a wider entry
 * without a group permits them. So the result keeps a covered entry that another entry would otherwise forbid.
 */
export function leastEntries(wanted: Iterable<Wanted>): string[] {
  const all = [...new Map([...wanted].map((one) => [written(one), one])).values()];
  const entries = widest(all);
  for (;;) {
    const missed = all.filter((one) => !permits(entries, one));
    if (missed.length === 0) return entries.map(written).sort();
    entries.push(...widest(missed));
  }
}

/** The subscriptions that no other one includes. */
function widest(all: readonly Wanted[]): Wanted[] {
  return all.filter((one) =>
    !all.some((other) =>
      other !== one && (other.queue === undefined || other.queue === one.queue) &&
      covers(other.subject, one.subject)
    )
  );
}

/** Whether nats-server permits the subscription by these entries. */
function permits(entries: readonly Wanted[], { subject, queue }: Wanted): boolean {
  const named = queue === undefined
    ? []
    : entries.filter((one) => one.queue !== undefined && admits(one.subject, subject));
  if (named.length > 0) {
    return named.some((one) => one.queue === queue && covers(one.subject, subject));
  }
  return entries.some((one) => one.queue === undefined && covers(one.subject, subject));
}

function written({ subject, queue }: Wanted): string {
  return queue === undefined ? subject : `${subject} ${queue}`;
}

/**
 * A tree of wildcard patterns by their tokens. The cost of finding an overlapping pattern depends on the depth of the
 * pattern, and not on the number of patterns.
 */
export class PatternTree<Value> {
  #children: Map<string, PatternTree<Value>> | undefined;
  #values: Set<Value> | undefined;

  add(pattern: string, value: Value): void {
    this.#add(pattern.split("."), 0, value);
  }

  delete(pattern: string, value: Value): void {
    this.#prune(pattern.split("."), 0, value);
  }

  /** The value of a pattern that overlaps this one: some subject matches both. */
  overlapping(pattern: string): Value | undefined {
    return this.#overlapping(pattern.split("."), 0);
  }

  #overlapping(tokens: readonly string[], depth: number): Value | undefined {
    if (depth === tokens.length) return first(this.#values);
    const token = tokens[depth]!;
    const open = this.#children?.get(">");
    if (open) return first(open.#values);
    if (token === ">") return this.#below();
    for (const child of this.#matching(token)) {
      const found = child.#overlapping(tokens, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #matching(token: string): Iterable<PatternTree<Value>> {
    const children = this.#children;
    if (!children || token === "*") return children?.values() ?? [];
    return [children.get(token), children.get("*")].filter((child) => child !== undefined);
  }

  #below(): Value | undefined {
    for (const child of this.#children?.values() ?? []) {
      const found = first(child.#values) ?? child.#below();
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #add(tokens: readonly string[], depth: number, value: Value): void {
    if (depth < tokens.length) return this.#grow(tokens[depth]!).#add(tokens, depth + 1, value);
    (this.#values ??= new Set()).add(value);
  }

  #grow(token: string): PatternTree<Value> {
    const children = this.#children ??= new Map();
    let child = children.get(token);
    if (!child) children.set(token, child = new PatternTree());
    return child;
  }

  #prune(tokens: readonly string[], depth: number, value: Value): void {
    if (depth === tokens.length) return void this.#values?.delete(value);
    const child = this.#children?.get(tokens[depth]!);
    if (!child) return;
    child.#prune(tokens, depth + 1, value);
    if (child.#isEmpty) this.#children?.delete(tokens[depth]!);
  }

  get #isEmpty(): boolean {
    return !this.#values?.size && !this.#children?.size;
  }
}

function first<Value>(values: ReadonlySet<Value> | undefined): Value | undefined {
  return values?.values().next().value;
}
