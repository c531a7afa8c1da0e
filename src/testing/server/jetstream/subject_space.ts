/** One token on the way down; wildcards are tokens like others. */
class Node<T> {
  readonly children = new Map<string, Node<T>>();
  value: T | undefined;
}

/** Subjects with wildcards of which no two match the same, each with a value: who is in the way is found at once. */
export class SubjectSpace<T> {
  readonly #root = new Node<T>();

  /** The value of one whose subject matches something that this one does as well; `undefined` where there is room. */
  taken(subject: string): T | undefined {
    return find(this.#root, subject.split("."), 0);
  }

  /** Takes the room of a subject. */
  add(subject: string, value: T): void {
    let node = this.#root;
    for (const token of subject.split(".")) {
      const known = node.children.get(token);
      if (!known) node.children.set(token, new Node());
      node = node.children.get(token)!;
    }
    node.value = value;
  }

  /** Gives the room of a subject back. */
  delete(subject: string): void {
    const tokens = subject.split(".");
    const path = [this.#root];
    for (const token of tokens) {
      const next = path[path.length - 1]!.children.get(token);
      if (!next) return;
      path.push(next);
    }
    path[tokens.length]!.value = undefined;
    for (let i = tokens.length; i > 0; i--) {
      const { children, value } = path[i]!;
      if (children.size > 0 || value !== undefined) return;
      path[i - 1]!.children.delete(tokens[i - 1]!);
    }
  }
}

function find<T>(node: Node<T>, tokens: readonly string[], depth: number): T | undefined {
  if (depth === tokens.length) return node.value;
  const rest = node.children.get(">");
  if (rest) return rest.value;
  const token = tokens[depth]!;
  if (token === ">") return anyBelow(node);
  if (token !== "*") {
    for (const name of [token, "*"]) {
      const child = node.children.get(name);
      const found = child && find(child, tokens, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  for (const child of node.children.values()) {
    const found = find(child, tokens, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function anyBelow<T>(node: Node<T>): T | undefined {
  for (const child of node.children.values()) {
    const found = child.value ?? anyBelow(child);
    if (found !== undefined) return found;
  }
  return undefined;
}
