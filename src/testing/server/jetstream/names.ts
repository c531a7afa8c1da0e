/** How long the name of a stream or a consumer may be. */
export const MAX_NAME = 255;

/** How long the description of a stream or a consumer may be. */
export const MAX_DESCRIPTION: number = 4 * 1_024;

/** May a stream or a consumer have that name? */
export function isValidName(name: string): boolean {
  return name !== "" && !/[ \t\r\n\f.*>\\/]/.test(name);
}

/** Would the name lead to another folder, where streams are kept in files? */
export function hasPathSeparators(name: string): boolean {
  return /[\\/]/.test(name);
}
