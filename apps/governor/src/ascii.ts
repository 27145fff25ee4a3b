/** True for a text of ASCII characters alone, whose bytes are its characters. */
export function isAscii(text: string): boolean {
  return Buffer.byteLength(text) === text.length;
}
