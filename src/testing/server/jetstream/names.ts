/** The length limit of a stream's or consumer's name. */
export const MAX_NAME = 255;

/** The length limit of a stream's or consumer's description. */
export const MAX_DESCRIPTION: number = 4 * 1_024;

/** Whether the name is valid for a stream or a consumer. */
export function isValidName(name: string): boolean {
  return name !== "" && !/[ \t\r\n\f.*>\\/]/.test(name);
}

/** Whether the name has path separators: nats-server uses names as folder names. */
export function hasPathSeparators(name: string): boolean {
  return /[\\/]/.test(name);
}
