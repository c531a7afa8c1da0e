import { api, ask, type Scene, scene, stream } from "../scene.ts";

/** Transforms of subjects, good and bad. */
export function transforms(): Scene[] {
  const changes: [src: string, dest: string, subject: string][] = [
    ["a.*", "b.{{splitfromleft(1,2)}}", "a.12345"],
    ["a.*", "b.{{splitFromRight(1,2)}}", "a.12345"],
    ["a.*", "b.{{SliceFromLeft(1,2)}}", "a.12345"],
    ["a.*", "b.{{SliceFromRight(1,2)}}", "a.12345"],
    ["a.*", "b.{{split(1,-)}}", "a.-1-2--3-"],
    ["a.*", "b.{{left(1,2)}}", "a.12345"],
    ["a.*", "b.{{right(1,2)}}", "a.12345"],
    ["a.*.*", "b.{{partition(10,1,2)}}.$2", "a.x.y"],
    ["a.*.*", "b.{{partition(7)}}", "a.x.y"],
    ["a.>", "b.>", "a.x.y"],
    ["a.*", "b.{{wildcard(2)}}", "a.1"],
    ["a.*", "b.{{wildcard()}}", "a.1"],
    ["a.*", "b.{{what(1)}}", "a.1"],
    ["a.*", "b.{{partition(x)}}", "a.1"],
    ["a.*", "b.*", "a.1"],
    ["a.>", "b", "a.1"],
    ["a..b", "b", "a.1"],
    ["", "b.>", "a.1"],
    ["a.1", "b.1", "a.1"],
    ["a.1", "b.$1", "a.1"],
    ["a.1", "", "a.1"],
    ["a.*", "b. x", "a.1"],
    ["a.*.*", "b.{{ Partition( 3, 2, 1 ) }}", "a.x.y"],
    ["a.b", "b.{{partition(3,7)}}", "a.b"],
    ["a.*", "b.{{partition(-1,1)}}", "a.1"],
    ["a.*", "b.{{wildcard(0)}}.$0", "a.1"],
    ["a.*", "b.{{WILDCARD(1)}}", "a.1"],
    ["a.*", "b.{{left(1,0x1)}}", "a.1"],
  ];
  return changes.map(([src, dest, subject]) =>
    scene(
      `Subjects change from ${src} to ${dest}`,
      stream("A", { subject_transform: { src, dest } }),
      ask(subject, "1"),
      api("STREAM.INFO.A", { subjects_filter: ">" }),
      api("STREAM.DELETE.A"),
      stream("A", { republish: { src, dest: dest.replace("b", "c") } }),
    )
  );
}
