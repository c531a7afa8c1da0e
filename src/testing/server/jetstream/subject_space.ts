import type { Branch, SubjectTree } from "./stream/subject_tree.ts";

/**
 * The value of a subject in the tree that overlaps this one; `undefined` if none does. Wildcards are ordinary tokens in
 * this tree, and no two of its subjects overlap.
 */
export function takenIn<T>(tree: SubjectTree<T>, subject: string): T | undefined {
  return find(tree.root, subject.split("."), 0);
}

function find<T>(branch: Branch<T>, tokens: readonly string[], depth: number): T | undefined {
  if (depth === tokens.length) return branch.value;
  const rest = branch.children?.get(">");
  if (rest) return rest.value;
  const token = tokens[depth]!;
  if (token === ">") return anyBelow(branch);
  if (token !== "*") {
    for (const name of [token, "*"]) {
      const child = branch.children?.get(name);
      const found = child && find(child, tokens, depth + 1);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  for (const child of branch.children?.values() ?? []) {
    const found = find(child, tokens, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

function anyBelow<T>(branch: Branch<T>): T | undefined {
  for (const child of branch.children?.values() ?? []) {
    const found = child.value ?? anyBelow(child);
    if (found !== undefined) return found;
  }
  return undefined;
}
