/**
 * A package of npm, brought at run time into Deno's own cache: those who run no test of it need no registry.
 *
 * @throws {Error} naming the package, where no registry has it for us
 */
export async function fromNpm<Package>(name: string): Promise<Package> {
  try {
    return await import(`npm:${name}`) as Package;
  } catch (cause) {
    const { message } = cause as Error;
    throw new Error(`Cannot test with ${name} as npm must have it: ${message}`, { cause });
  }
}
