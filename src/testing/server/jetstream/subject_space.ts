import type { Branch, SubjectTree } from "./stream/subject_tree.ts";

/**
 * Of subjects with wildcards, which are tokens like others in the tree, and of which no two match the same: the value of
 * one that matches something which this one does as well; `undefined` where there is room.
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
