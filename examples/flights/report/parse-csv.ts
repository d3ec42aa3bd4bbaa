/**
 * The records of a CSV text with a header line, each by column name (RFC 4180: quotes, doubled quotes, line
 * breaks within quotes, LF or CRLF). Missing fields are empty.
 */
export function parseCsv(text: string): Record<string, string>[] {
  const [header = [], ...rows] = csvRows(text);
  return rows.map((row) => Object.fromEntries(header.map((name, column) => [name, row[column] ?? ''])));
}

/** A field, quoted or not, and what ends it. */
const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y;

function csvRows(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  field.lastIndex = 0;
  while (field.lastIndex < text.length) {
    const match = field.exec(text);
    if (match === null) throw new Error(`the CSV is malformed in row ${String(rows.length + 1)}`);
    const [, quoted, plain, end] = match;
    row.push(quoted?.replaceAll('""', '"') ?? plain ?? '');
    // A comma at the very end still starts one more field.
    if (end === ',' && field.lastIndex === text.length) row.push('');
    if (end !== ',' || field.lastIndex === text.length) {
      rows.push(row);
      row = [];
    }
  }
  return rows;
}
