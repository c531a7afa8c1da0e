import { API_LEVEL } from "../info.ts";
import { headerText } from "./header_block.ts";

const HEADER = "Nats-Required-Api-Level";

/** Whether the request requires a higher API level than this server has. */
export function asksTooMuch(headers: string): boolean {
  const text = headerText(headers, HEADER);
  if (text === "") return false;
  return !/^[+-]?\d{1,15}$/.test(text) || Number(text) > API_LEVEL;
}
