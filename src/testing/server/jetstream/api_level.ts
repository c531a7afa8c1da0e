import { API_LEVEL } from "../info.ts";
import { headerText } from "./header_block.ts";

const HEADER = "Nats-Required-Api-Level";

/** Does the request ask for more of the API than is there? */
export function asksTooMuch(headers: string): boolean {
  const text = headerText(headers, HEADER);
  if (text === "") return false;
  return !/^[+-]?\d{1,15}$/.test(text) || Number(text) > API_LEVEL;
}
