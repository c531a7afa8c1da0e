/** A node of the tree, read-only. */
export interface Branch<T> {
  readonly children: ReadonlyMap<string, Branch<T>> | undefined;
  readonly value: T | undefined;
}

class Node<T> implements Branch<T> {
  children: Map<string, Node<T>> | undefined;
  value: T | undefined;
}

/** Values by subject, searchable with wildcards. */
export class SubjectTree<T> {
  #root = new Node<T>();
  #size = 0;
  #nodes = 0;

  /** The root node. */
  get root(): Branch<T> {
    return this.#root;
  }

  /** The number of subjects. */
  get size(): number {
    return this.#size;
  }

  /** The number of nodes: one per distinct prefix. */
  get nodes(): number {
    return this.#nodes;
  }

  /** The value of a subject. */
  get(subject: string): T | undefined {
    let node: Node<T> | undefined = this.#root;
    for (const token of subject.split(".")) {
      node = node.children?.get(token);
      if (!node) return undefined;
    }
    return node.value;
  }

  /** Sets the value of a subject. */
  set(subject: string, value: T): void {
    let node = this.#root;
    for (const token of subject.split(".")) {
      const children = node.children ??= new Map();
      let next = children.get(token);
      if (!next) {
        children.set(token, next = new Node());
        this.#nodes++;
      }
      node = next;
    }
    if (node.value === undefined) this.#size++;
    node.value = value;
  }

  /** Removes a subject, and the nodes that only it needed. */
  delete(subject: string): void {
    const tokens = subject.split(".");
    const path: Node<T>[] = [this.#root];
    for (const token of tokens) {
      const next = path[path.length - 1]!.children?.get(token);
      if (!next) return;
      path.push(next);
    }
    const leaf = path[tokens.length]!;
    if (leaf.value === undefined) return;
    leaf.value = undefined;
    this.#size--;
    for (let i = tokens.length; i > 0 && !path[i]!.children && path[i]!.value === undefined; i--) {
      const parent = path[i - 1]!;
      parent.children!.delete(tokens[i - 1]!);
      if (parent.children!.size === 0) parent.children = undefined;
      this.#nodes--;
    }
  }

  /** Removes all subjects. */
  clear(): void {
    this.#root = new Node();
    this.#size = 0;
    this.#nodes = 0;
  }

  /** The matching subjects with their values; the search stops after more than `most`. */
  match(filter: string, most = Infinity): [subject: string, value: T][] {
    const found: [string, T][] = [];
    collect(this.#root, filter === "" ? [">"] : filter.split("."), 0, "", { found, most });
    return found;
  }
}

interface Found<T> {
  readonly found: [string, T][];
  readonly most: number;
}

function collect<T>(
  node: Node<T>,
  filter: readonly string[],
  depth: number,
  path: string,
  into: Found<T>,
): void {
  if (depth === filter.length) {
    if (node.value !== undefined) into.found.push([path, node.value]);
    return;
  }
  const token = filter[depth]!;
  const join = (name: string) => depth === 0 && path === "" ? name : `${path}.${name}`;
  if (token === ">") {
    for (const [name, child] of node.children ?? []) {
      if (isEnough(into)) return;
      collectAll(child, join(name), into);
    }
  } else if (token === "*") {
    for (const [name, child] of node.children ?? []) {
      if (isEnough(into)) return;
      collect(child, filter, depth + 1, join(name), into);
    }
  } else {
    const child = node.children?.get(token);
    if (child) collect(child, filter, depth + 1, join(token), into);
  }
}

function collectAll<T>(node: Node<T>, path: string, into: Found<T>): void {
  if (node.value !== undefined) into.found.push([path, node.value]);
  for (const [name, child] of node.children ?? []) {
    if (isEnough(into)) return;
    collectAll(child, `${path}.${name}`, into);
  }
}

/**
 * Stops a search early: each pull of a consumer needs only a few matches, and a full scan per pull would be quadratic.
 */
function isEnough<T>({ found, most }: Found<T>): boolean {
  return found.length > most;
}
