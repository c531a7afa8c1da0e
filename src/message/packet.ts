/** A message as the connection hands it over: nothing decoded that nobody has asked for. */
export interface Packet {
  readonly subject: string;
  /** Where an answer goes; empty where none is wanted. */
  readonly replyTo: string;
  readonly data: Uint8Array;
  /** The header block as it stood on the wire, `undefined` where there was none. */
  readonly headerBlock: Uint8Array | undefined;
}

/**
 * A copy that can wait. What the connection hands over lies in the chunk that was read from the socket, up to
 * 256 KiB, and one small message that waits would keep all of it. (`slice` of a Buffer would not copy.)
 */
export function keep({ subject, replyTo, data, headerBlock }: Packet): Packet {
  return {
    subject,
    replyTo,
    data: new Uint8Array(data),
    headerBlock: headerBlock && new Uint8Array(headerBlock),
  };
}

/** The same bytes, with nothing else that is kept in memory together with them. */
export function alone(bytes: Uint8Array): Uint8Array {
  return isAlone(bytes) ? bytes : new Uint8Array(bytes);
}

/** Whether nothing else is kept in memory with it. */
export function isAlone({ byteLength, buffer }: Uint8Array): boolean {
  return byteLength === buffer.byteLength;
}

/** A text takes two bytes for each unit as soon as one of them is beyond Latin-1, and whoever sends it chooses. */
const WIDEST_UNIT = 2;

/** What a copy takes up while it waits, in bytes: a peer can put as much into its addresses as into a small body. */
export function heldSize(packet: Packet): number {
  return sizeOf(packet) + WIDEST_UNIT * (packet.subject.length + packet.replyTo.length);
}

/** Body and headers, in bytes. */
export function sizeOf({ data, headerBlock }: Pick<Packet, "data" | "headerBlock">): number {
  return data.length + (headerBlock?.length ?? 0);
}
