/** What a {@linkcode Sublist} indexes: a subject, with or without a queue group. */
export interface Interest {
  readonly subject: string;
  readonly queue: string | undefined;
}

/** The interests that match one subject: all in `plain`, and one of each of the `groups`. */
export interface Matches<I> {
  readonly plain: readonly I[];
  readonly groups: readonly (readonly I[])[];
}

/** How many answers to cache; beyond that the cache is cleared, as many subjects occur only once. */
const CACHE_LIMIT = 1024;
/** How many interests the cached answers may hold in total, as thousands may match every subject. */
const CACHE_ROOM = 65_536;

/**
 * One token of the trie. Wildcards have their own fields, as a client may publish to the literal subject `orders.*`,
 * which is not the pattern.
 */
class Node<I extends Interest> {
  literals: Map<string, Node<I>> | undefined;
  one: Node<I> | undefined;
  rest: Node<I> | undefined;
  plain: Set<I> | undefined;
  groups: Map<string, Set<I>> | undefined;

  child(token: string): Node<I> | undefined {
    if (token === "*") return this.one;
    return token === ">" ? this.rest : this.literals?.get(token);
  }

  grow(token: string): Node<I> {
    const node = new Node<I>();
    if (token === "*") this.one = node;
    else if (token === ">") this.rest = node;
    else (this.literals ??= new Map()).set(token, node);
    return node;
  }

  prune(token: string): void {
    if (token === "*") this.one = undefined;
    else if (token === ">") this.rest = undefined;
    else if (this.literals?.delete(token) && this.literals.size === 0) this.literals = undefined;
  }

  get empty(): boolean {
    return !this.literals && !this.one && !this.rest && !this.plain && !this.groups;
  }

  add(interest: I): void {
    if (interest.queue === undefined) {
      (this.plain ??= new Set()).add(interest);
      return;
    }
    this.groups ??= new Map();
    const members = this.groups.get(interest.queue);
    if (members) members.add(interest);
    else this.groups.set(interest.queue, new Set([interest]));
  }

  delete(interest: I): boolean {
    if (interest.queue === undefined) {
      const found = this.plain?.delete(interest) ?? false;
      if (this.plain?.size === 0) this.plain = undefined;
      return found;
    }
    const members = this.groups?.get(interest.queue);
    const found = members?.delete(interest) ?? false;
    if (members?.size === 0) this.groups?.delete(interest.queue);
    if (this.groups?.size === 0) this.groups = undefined;
    return found;
  }
}

/**
 * The subject index: a trie of tokens, so that adding, removing and matching cost as much as the subject has tokens,
 * however many subscriptions there are. It caches recent answers.
 */
export class Sublist<I extends Interest> {
  readonly #root = new Node<I>();
  readonly #cache = new Map<string, Matches<I>>();
  #cached = 0;
  #size = 0;
  #nodes = 0;

  /** How many interests it holds. */
  get size(): number {
    return this.#size;
  }

  /** How many nodes the trie has. */
  get nodes(): number {
    return this.#nodes;
  }

  /** Adds one; `false` if the subject has an empty token, or continues after `>`. */
  insert(interest: I): boolean {
    const tokens = interest.subject.split(".");
    if (tokens.some((token, i) => token === "" || (token === ">" && i < tokens.length - 1))) {
      return false;
    }
    let node = this.#root;
    for (const token of tokens) {
      const known = node.child(token);
      if (!known) this.#nodes++;
      node = known ?? node.grow(token);
    }
    node.add(interest);
    this.#size++;
    this.#forget(interest.subject);
    return true;
  }

  /** Removes one, and the branch that only it needed; `false` if there is no such interest. */
  remove(interest: I): boolean {
    const tokens = interest.subject.split(".");
    const path: Node<I>[] = [this.#root];
    for (const token of tokens) {
      const next = path[path.length - 1]!.child(token);
      if (!next) return false;
      path.push(next);
    }
    if (!path[tokens.length]!.delete(interest)) return false;
    for (let i = tokens.length; i > 0 && path[i]!.empty; i--) {
      path[i - 1]!.prune(tokens[i - 1]!);
      this.#nodes--;
    }
    this.#size--;
    this.#forget(interest.subject);
    return true;
  }

  /** The interests that match the subject: a snapshot, which stays as it is if the index changes during a delivery. */
  match(subject: string): Matches<I> {
    const known = this.#cache.get(subject);
    if (known) return known;
    const found = { plain: [] as I[], groups: [] as I[][] };
    const tokens = subject.split(".");
    if (!tokens.includes("")) collect(this.#root, tokens, 0, found, new Map());
    this.#remember(subject, found);
    return found;
  }

  #remember(subject: string, found: Matches<I>): void {
    const size = found.groups.reduce((sum, group) => sum + group.length, found.plain.length);
    if (this.#cache.size >= CACHE_LIMIT || this.#cached + size > CACHE_ROOM) this.#forgetAll();
    if (size > CACHE_ROOM) return;
    this.#cache.set(subject, found);
    this.#cached += size;
  }

  #forgetAll(): void {
    this.#cache.clear();
    this.#cached = 0;
  }

  /** a literal subject changes its own answer alone, so that an inbox for one answer is cheap */
  #forget(subject: string): void {
    if (subject.includes("*") || subject.includes(">")) this.#forgetAll();
    // its size still counts, which only clears the cache sooner
    else this.#cache.delete(subject);
  }
}

interface Found<I> {
  readonly plain: I[];
  readonly groups: I[][];
}

function collect<I extends Interest>(
  node: Node<I>,
  tokens: readonly string[],
  depth: number,
  found: Found<I>,
  named: Map<string, I[]>,
): void {
  if (depth === tokens.length) return take(node, found, named);
  if (node.rest) take(node.rest, found, named);
  const literal = node.literals?.get(tokens[depth]!);
  // nats-server tries the wildcard first, but at the end of the subject the literal
  const isLast = depth === tokens.length - 1;
  for (const next of isLast ? [literal, node.one] : [node.one, literal]) {
    if (next) collect(next, tokens, depth + 1, found, named);
  }
}

/** A queue group has only its name: members on `a.*` and on `a.b` share one message. */
function take<I extends Interest>(node: Node<I>, found: Found<I>, named: Map<string, I[]>): void {
  for (const interest of node.plain ?? []) found.plain.push(interest);
  for (const [queue, members] of node.groups ?? []) {
    let group = named.get(queue);
    if (!group) {
      found.groups.push(group = []);
      named.set(queue, group);
    }
    for (const interest of members) group.push(interest);
  }
}
