/** Hands files to the viewer. */

/** A name that every file system takes. */
export function fileName(name: string, ending: string): string {
  const plain = name
    .replace(/[\\/:*?"<>|\p{Cc}]+/gu, '_')
    .replace(/^[.\s]+|[.\s]+$/g, '')
    .slice(0, 80);
  return `${plain === '' ? 'plan' : plain}.${ending}`;
}

/** A field of a CSV line. A text that a spreadsheet would run as a formula is kept from it by an apostrophe. */
function field(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** A table as CSV for spreadsheets: with a mark for UTF-8, lines ended as RFC 4180 has it. */
export function csv(head: readonly string[], lines: readonly (readonly (string | number)[])[]): string {
  return `\uFEFF${[head, ...lines].map((line) => line.map(field).join(',')).join('\r\n')}\r\n`;
}
