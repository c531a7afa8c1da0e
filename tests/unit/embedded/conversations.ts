/**
 * What a client says after CONNECT, and every byte it hears: the rules of core NATS, for any server
 * without users to be held to. INFO lines are left out.
 */
export interface Conversation {
  /** A sentence that begins with what it is about. */
  readonly name: string;
  /** Over `verbose: false, pedantic: false, headers: true`; `null` says no CONNECT at all. */
  readonly request?: Record<string, unknown> | null;
  /** A PING follows, whose answer is left out. */
  readonly say: string;
  readonly hear: string;
  /** The server closes the connection after that. */
  readonly closes?: true;
  /** The first line of servers that answers so; older ones answered otherwise. */
  readonly since?: "2.15";
}

const ASKING = { no_responders: true };
const UNKNOWN = "-ERR 'Unknown Protocol Operation'\r\n";

/** What the real server reads by its type, whether it is asked for or not. */
const WRONG_TYPES: readonly [string, unknown][] = [
  ["name", 5],
  ["lang", {}],
  ["version", 1],
  ["jwt", true],
  ["nkey", []],
  ["sig", 1],
  ["tls_required", "yes"],
  ["import", 5],
  ["export", { allow: "a" }],
  ["remote_account", 5],
  ["proxy_sig", 5],
];

/** A message with headers, one of which says where it is traced to. */
function traced(header: string): string {
  const headers = `NATS/1.0\r\nNats-Trace-Dest: d\r\n${header}\r\n\r\n`;
  return `HPUB a in ${headers.length} ${headers.length + 1}\r\n${headers}x\r\n`;
}

/** All of them. */
export const conversations: readonly Conversation[] = [
  {
    name: "CONNECT acknowledges and complains where nothing else was asked for",
    request: null,
    say: "CONNECT {}\r\nSUB a 1\r\nPUB a.* 1\r\nx\r\nUNSUB 1\r\n",
    hear: "+OK\r\n+OK\r\n-ERR 'Invalid Publish Subject'\r\n+OK\r\n+OK\r\n",
  },
  {
    name: "CONNECT may be left out",
    request: null,
    say: "SUB a 1\r\nPUB a 2\r\nhi\r\n",
    hear: "+OK\r\n+OK\r\nMSG a 1 2\r\nhi\r\n",
  },
  {
    name: "CONNECT takes names in any case and null for nothing said",
    request: null,
    say: 'CONNECT {"VERBOSE":false,"Pedantic":false,"echo":null,"__proto__":{"verbose":true}}\r\n',
    hear: "",
  },
  {
    name: "CONNECT that is not JSON closes without a word",
    request: null,
    say: 'CONNECT {"verbose":fal\r\n',
    hear: "",
    closes: true,
  },
  {
    name: "CONNECT with a value of the wrong type closes without a word",
    request: { verbose: "yes" },
    say: "",
    hear: "",
    closes: true,
  },
  {
    name: "CONNECT with a protocol from the future is refused",
    request: { protocol: 2 },
    say: "",
    hear: "-ERR 'invalid client protocol'\r\n",
    closes: true,
  },
  {
    name: "CONNECT that asks for no responders needs headers",
    request: { headers: false, no_responders: true },
    say: "",
    hear: "-ERR 'no responders requires headers support'\r\n",
    closes: true,
  },
  {
    name: "CONNECT cannot choose an account",
    request: { account: "other" },
    say: "",
    hear: "-ERR 'Authorization Violation'\r\n",
    closes: true,
  },
  {
    name: "CONNECT a second time drops the subscriptions",
    since: "2.15",
    say: 'SUB a 1\r\nCONNECT {"verbose":false}\r\nPUB a 1\r\nx\r\n',
    hear: "",
  },
  {
    name: "PUB reaches a subscription with its reply subject",
    say: "SUB a 7\r\nPUB a reply.to 3\r\na\r\n\r\nPUB a 0\r\n\r\n",
    hear: "MSG a 7 reply.to 3\r\na\r\n\r\nMSG a 7 0\r\n\r\n",
  },
  {
    name: "PUB to a wildcard is a literal subject",
    say: "SUB a.* 1\r\nPUB a.* 1\r\nx\r\n",
    hear: "MSG a.* 1 1\r\nx\r\n",
  },
  {
    name: "PUB from a pedantic client is complained of and delivered",
    request: { pedantic: true },
    say: "SUB a.* 1\r\nPUB a.* 1\r\nx\r\nPUB a..b 1\r\nx\r\n",
    hear:
      "-ERR 'Invalid Publish Subject'\r\nMSG a.* 1 1\r\nx\r\n-ERR 'Invalid Publish Subject'\r\n",
  },
  {
    name: "PUB over max_payload closes before the payload",
    say: "PUB a 1048577\r\n",
    hear: "-ERR 'Maximum Payload Violation'\r\n",
    closes: true,
  },
  {
    name: "PUB with a payload longer than said closes",
    say: "PUB a 2\r\nlong\r\n",
    hear: UNKNOWN,
    closes: true,
  },
  { name: "PUB without a size closes without a word", say: "PUB a\r\n", hear: "", closes: true },
  {
    name: "PUB with a negative size closes without a word",
    say: "PUB a -1\r\n",
    hear: "",
    closes: true,
  },
  {
    name: "PUB to what servers keep for themselves is refused",
    since: "2.15",
    say:
      "PUB $NRG.a 1\r\nx\r\nPUB _GR_.a 1\r\nx\r\nPUB a _R_.b 1\r\nx\r\nPUB a $JS.ACK.b 1\r\nx\r\n",
    hear: "-ERR 'Permissions Violation for Publish to \"$NRG.a\"'\r\n" +
      "-ERR 'Permissions Violation for Publish to \"_GR_.a\"'\r\n" +
      "-ERR 'Permissions Violation for Publish with Reply of \"_R_.b\"'\r\n" +
      "-ERR 'Permissions Violation for Publish with Reply of \"$JS.ACK.b\"'\r\n",
  },
  {
    name: "PUB with a reply that gateways keep for themselves is refused",
    since: "2.15",
    say: "SUB a 1\r\nPUB a $GR.b 1\r\nx\r\nPUB a $NRG.b 1\r\nx\r\n",
    hear: "-ERR 'Permissions Violation for Publish with Reply of \"$GR.b\"'\r\n" +
      "MSG a 1 $NRG.b 1\r\nx\r\n",
  },
  {
    name: "PUB reaches the literal first where its subject ends, and the wildcard first before",
    say: "SUB a.* 1\r\nSUB a.b 2\r\nSUB > 3\r\nPUB a.b 1\r\nx\r\n" +
      "UNSUB 3\r\nSUB *.b.c 4\r\nSUB a.b.* 5\r\nSUB a.b.c 6\r\nSUB *.b.* 7\r\nPUB a.b.c 1\r\nx\r\n",
    hear: "MSG a.b 3 1\r\nx\r\nMSG a.b 2 1\r\nx\r\nMSG a.b 1 1\r\nx\r\n" +
      [4, 7, 6, 5].map((sid) => `MSG a.b.c ${sid} 1\r\nx\r\n`).join(""),
  },
  {
    name: "no_responders tells the literal subscription, and not a wildcard beside it",
    since: "2.15",
    request: ASKING,
    say: "SUB in.* 1\r\nSUB in.a 2\r\nPUB a in.a 0\r\n\r\n",
    hear: "HMSG in.a 2 33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n",
  },
  {
    name: "HPUB that is only to be traced is not delivered, nor is anybody missed",
    since: "2.15",
    request: ASKING,
    say: "SUB a 1\r\nSUB in 2\r\n" +
      ["1", "true", "ON"].map((yes) => traced(`Nats-Trace-Only: ${yes}`)).join("") +
      traced("Nats-Trace-Only: no"),
    hear: "HMSG a 1 in 53 54\r\nNATS/1.0\r\nNats-Trace-Dest: d\r\nNats-Trace-Only: no\r\n\r\nx\r\n",
  },
  {
    name: "HPUB without a place to trace it to is delivered",
    since: "2.15",
    say: "SUB a 1\r\nHPUB a 35 36\r\nNATS/1.0\r\nNats-Trace-Only: true\r\n\r\nx\r\n",
    hear: "HMSG a 1 35 36\r\nNATS/1.0\r\nNats-Trace-Only: true\r\n\r\nx\r\n",
  },
  ...WRONG_TYPES.map(([field, value]): Conversation => ({
    name: `CONNECT with ${JSON.stringify(value)} for ${field} closes without a word`,
    since: "2.15",
    request: { [field]: value },
    say: "",
    hear: "",
    closes: true,
  })),
  {
    name: "CONNECT with fields of other kinds of peers, and unknown ones, is fine",
    request: { import: { allow: ["a"] }, export: {}, name: null, remote_account: "a", what: 5 },
    say: "SUB a 1\r\nPUB a 1\r\nx\r\n",
    hear: "MSG a 1 1\r\nx\r\n",
  },
  {
    name: "HPUB delivers headers and both sizes",
    say: "SUB a 1\r\nHPUB a r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nHPUB a 0 2\r\nhi\r\n",
    hear: "HMSG a 1 r 12 14\r\nNATS/1.0\r\n\r\nhi\r\nMSG a 1 2\r\nhi\r\n",
  },
  {
    name: "HPUB from a client without headers closes without a word",
    request: { headers: false },
    say: "HPUB a 12 14\r\nNATS/1.0\r\n\r\nhi\r\n",
    hear: "",
    closes: true,
  },
  {
    name: "HPUB with more headers than message closes without a word",
    say: "HPUB a 14 12\r\nNATS/1.0\r\n\r\nhi\r\n",
    hear: "",
    closes: true,
  },
  {
    name: "SUB refuses what is not a subject",
    say: "SUB a..b 1\r\nSUB a.>.b 2\r\nSUB .a 3\r\nSUB a. 4\r\nSUB a* 5\r\nPUB a* 1\r\nx\r\n",
    hear: "-ERR 'Invalid Subject'\r\n".repeat(4) + "MSG a* 5 1\r\nx\r\n",
  },
  {
    name: "SUB with an id that is taken changes nothing",
    say: "SUB a 1\r\nSUB b 1\r\nPUB a 1\r\nx\r\nPUB b 1\r\nx\r\n",
    hear: "MSG a 1 1\r\nx\r\n",
  },
  {
    name: "SUB to the servers' queue group is refused",
    say: "SUB a _sys_ 1\r\n",
    hear: '-ERR \'Permissions Violation for Subscription to "a" using queue "_sys_"\'\r\n',
  },
  {
    name: "SUB twice to one subject gets two messages",
    say:
      "SUB a 1\r\nSUB > 1x\r\nUNSUB 1\r\nSUB a 2\r\nUNSUB 1x\r\nSUB a 3\r\nUNSUB 2\r\nPUB a 1\r\nx\r\n",
    hear: "MSG a 3 1\r\nx\r\n",
  },
  {
    name: "UNSUB of an unknown id is fine",
    request: { verbose: true },
    say: "UNSUB 9\r\n",
    hear: "+OK\r\n+OK\r\n",
  },
  {
    name: "UNSUB with a number waits for so many messages, those before included",
    say: "SUB a 1\r\nUNSUB 1 2\r\nPUB a 1\r\n1\r\nPUB a 1\r\n2\r\nPUB a 1\r\n3\r\n" +
      "SUB a 2\r\nPUB a 1\r\n4\r\nPUB a 1\r\n5\r\nUNSUB 2 1\r\nPUB a 1\r\n6\r\n",
    hear: "MSG a 1 1\r\n1\r\nMSG a 1 1\r\n2\r\nMSG a 2 1\r\n4\r\nMSG a 2 1\r\n5\r\n",
  },
  {
    name: "UNSUB with what is no number ends at once",
    say: "SUB a 1\r\nUNSUB 1 x\r\nPUB a 1\r\nx\r\n",
    hear: "",
  },
  {
    name: "echo: false keeps a client's own messages from it",
    since: "2.15",
    request: { echo: false, ...ASKING },
    say: "SUB a 1\r\nSUB in 2\r\nPUB a in 1\r\nx\r\n",
    hear: "HMSG in 2 33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n",
  },
  {
    name: "no_responders gets the status on its own subscription to the reply subject",
    since: "2.15",
    request: ASKING,
    say: "SUB in.* 7\r\nPUB nobody in.1 2\r\nhi\r\nPUB nobody 2\r\nhi\r\n",
    hear: "HMSG in.1 7 38 38\r\nNATS/1.0 503\r\nNats-Subject: nobody\r\n\r\n\r\n",
  },
  {
    name: "no_responders gets nothing without such a subscription",
    request: ASKING,
    say: "SUB in q 1\r\nPUB nobody in 2\r\nhi\r\nPUB nobody other 2\r\nhi\r\n",
    hear: "",
  },
  {
    name: "no_responders does not count towards the messages a subscription waits for",
    since: "2.15",
    request: ASKING,
    say:
      "SUB in 1\r\nUNSUB 1 1\r\nPUB a in 0\r\n\r\nPUB a in 0\r\n\r\nPUB in 1\r\nx\r\nPUB in 1\r\ny\r\n",
    hear: "HMSG in 1 33 33\r\nNATS/1.0 503\r\nNats-Subject: a\r\n\r\n\r\n".repeat(2) +
      "MSG in 1 1\r\nx\r\n",
  },
  {
    name: "JetStream is asked for in vain",
    since: "2.15",
    request: ASKING,
    say: "SUB in 1\r\nPUB $JS.API.INFO in 0\r\n\r\n",
    hear: "HMSG in 1 44 44\r\nNATS/1.0 503\r\nNats-Subject: $JS.API.INFO\r\n\r\n\r\n",
  },
  { name: "An unknown operation closes", say: "GET / HTTP/1.1\r\n", hear: UNKNOWN, closes: true },
  { name: "An empty line closes", say: "\r\n", hear: UNKNOWN, closes: true },
  { name: "A TLS handshake closes", say: "\x16\x03\x01\x00\xa5", hear: UNKNOWN, closes: true },
  { name: "A leaf node is turned away", say: "LS+ a\r\n", hear: UNKNOWN, closes: true },
  { name: "A route is turned away", say: "RS+ $G a\r\n", hear: UNKNOWN, closes: true },
  { name: "-ERR from a client closes without a word", say: "-ERR 'x'\r\n", hear: "", closes: true },
  {
    name: "A control line of more than 4096 bytes closes",
    say: `SUB ${"a".repeat(5000)} 1\r\n`,
    hear: "-ERR 'maximum control line exceeded'\r\n",
    closes: true,
  },
  {
    name: "A control line that never ends closes",
    say: `SUB ${"a".repeat(9000)}`,
    hear: "-ERR 'maximum control line exceeded'\r\n",
    closes: true,
  },
];
