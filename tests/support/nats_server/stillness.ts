/** Whether every thread of a process is stopped by a signal. */
export async function standsStill(pid: number): Promise<boolean> {
  const states = Deno.build.os === "linux" ? await threadStates(pid) : [await processState(pid)];
  return states.every((state) => state.startsWith("T"));
}

// A minimal Linux has no ps, and what ps says of a process there is said of one thread of it.
async function threadStates(pid: number): Promise<string[]> {
  const states: string[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    // A thread that is gone by now did not stand still.
    const stat = await Deno.readTextFile(`/proc/${pid}/task/${name}/stat`).catch(() => "");
    states.push(stat.slice(stat.lastIndexOf(")") + 2));
  }
  return states;
}

async function processState(pid: number): Promise<string> {
  const { stdout } = await new Deno.Command("ps", { args: ["-o", "state=", "-p", `${pid}`] })
    .output();
  return new TextDecoder().decode(stdout).trim();
}
