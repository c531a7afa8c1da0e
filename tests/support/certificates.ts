import { Buffer } from "node:buffer";
import { createSign, generateKeyPairSync, type KeyObject, randomBytes } from "node:crypto";

/** An authority of one test, and what it signs: nothing of it outlives its folder. */
export class Authority implements AsyncDisposable {
  /** Where the files are. */
  readonly folder: string;
  readonly #name: string;
  readonly #key: KeyObject;

  private constructor(folder: string, name: string, key: KeyObject) {
    this.folder = folder;
    this.#name = name;
    this.#key = key;
  }

  static async create(name = "Signalbox test authority"): Promise<Authority> {
    const folder = await Deno.makeTempDir({ prefix: "authority_" });
    const { publicKey, privateKey } = keyPair();
    const usage = extension("551d0f", octets(0x03, [1, 6]), true);
    const certificate = signed(name, name, publicKey, privateKey, [
      extension("551d13", sequence(octets(0x01, [0xff])), true),
      usage,
    ]);
    await Deno.writeTextFile(`${folder}/ca.pem`, pem("CERTIFICATE", certificate));
    return new Authority(folder, name, privateKey);
  }

  /** The certificate that has to be trusted. */
  get caFile(): string {
    return `${this.folder}/ca.pem`;
  }

  /** Writes a certificate for these hosts; gives nats-server's `tls` block for it. */
  async serverBlock(...hosts: readonly string[]): Promise<string> {
    const { publicKey, privateKey } = keyPair();
    const names = hosts.map((host) =>
      /^[\d.]+$/.test(host)
        ? octets(0x87, host.split(".").map(Number))
        : octets(0x82, new TextEncoder().encode(host))
    );
    const alternatives = extension("551d11", sequence(...names));
    const certificate = signed(this.#name, "server", publicKey, this.#key, [alternatives]);
    const base = `${this.folder}/${randomBytes(4).toString("hex")}`;
    const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
    await Deno.writeTextFile(`${base}.key`, key);
    await Deno.writeTextFile(`${base}.pem`, pem("CERTIFICATE", certificate));
    // a busy machine may let the two seconds pass that a handshake has by default
    return `cert_file: "${base}.pem", key_file: "${base}.key", timeout: 20`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const DAY = 86_400_000;
/** ecdsa-with-SHA256 */
const ALGORITHM = sequence(octets(0x06, Buffer.from("2a8648ce3d040302", "hex")));

function keyPair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** An X.509 certificate in DER, for three days about now. */
function signed(
  issuer: string,
  subject: string,
  publicKey: KeyObject,
  signer: KeyObject,
  extensions: readonly Buffer[],
): Buffer {
  const body = sequence(
    octets(0xa0, octets(0x02, [2])),
    octets(0x02, [0x01, ...randomBytes(8)]),
    ALGORITHM,
    named(issuer),
    sequence(time(Date.now() - DAY), time(Date.now() + 2 * DAY)),
    named(subject),
    publicKey.export({ type: "spki", format: "der" }) as Buffer,
    octets(0xa3, sequence(...extensions)),
  );
  const signature = createSign("sha256").update(body).sign(signer);
  return sequence(body, ALGORITHM, octets(0x03, Buffer.concat([Buffer.of(0), signature])));
}

function extension(id: string, value: Buffer, critical = false): Buffer {
  const parts = [octets(0x06, Buffer.from(id, "hex")), octets(0x04, value)];
  if (critical) parts.splice(1, 0, octets(0x01, [0xff]));
  return sequence(...parts);
}

function named(commonName: string): Buffer {
  const name = octets(0x0c, new TextEncoder().encode(commonName));
  const pair = sequence(octets(0x06, Buffer.from("550403", "hex")), name);
  return sequence(octets(0x31, pair));
}

function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/\D/g, "").slice(2, 14);
  return octets(0x17, new TextEncoder().encode(`${text}Z`));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return octets(0x30, Buffer.concat(parts));
}

/** Tag, length and value of DER. */
function octets(tag: number, value: ArrayLike<number>): Buffer {
  const size = value.length;
  const length = size < 128 ? [size] : size < 256 ? [0x81, size] : [0x82, size >> 8, size & 0xff];
  return Buffer.concat([Buffer.from([tag, ...length]), Buffer.from(Array.from(value))]);
}

function pem(label: string, der: Buffer): string {
  const lines = der.toString("base64").match(/.{1,64}/g)!.join("\n");
  return `-----BEGIN ${label}-----\n${lines}\n-----END ${label}-----\n`;
}
