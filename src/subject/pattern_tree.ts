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
