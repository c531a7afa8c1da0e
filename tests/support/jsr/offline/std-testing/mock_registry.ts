interface Restorable {
  restore(): void;
}

const active = new Set<Restorable>();

export function register(mock: Restorable): void {
  active.add(mock);
}

export function unregister(mock: Restorable): void {
  active.delete(mock);
}

/** Restores every method that is spied on or stubbed. */
export function restore(): void {
  for (const mock of active) mock.restore();
}
