// What the CLI prints: tables for people, JSON for programs. Results go to stdout, everything else to stderr, so that
// pipes get nothing but results.

export type OutputFormat = 'table' | 'json';

export interface Column<Row> {
  readonly title: string;
  readonly text: (row: Row) => string;
  readonly align?: 'left' | 'right';
}

export class Output {
  readonly format: OutputFormat;
  readonly #out: NodeJS.WritableStream;
  readonly #err: NodeJS.WritableStream;

  constructor(
    format: OutputFormat,
    streams: { readonly out: NodeJS.WritableStream; readonly err: NodeJS.WritableStream },
  ) {
    this.format = format;
    this.#out = streams.out;
    this.#err = streams.err;
  }

  /** A line of the result. Resolves when the reader of stdout can take more. */
  async line(text: string): Promise<void> {
    if (this.#out.write(`${text}\n`)) return;
    await new Promise<void>((resolve) => {
      this.#out.once('drain', resolve);
    });
  }

  /** What a person may want to know beside the result. */
  note(text: string): void {
    this.#err.write(`${text}\n`);
  }

  async json(value: unknown): Promise<void> {
    await this.line(JSON.stringify(value, null, 2));
  }

  /** Rows as a table, or the value that they stand for as JSON. */
  async show<Row>(
    rows: readonly Row[],
    columns: readonly Column<Row>[],
    value: unknown = rows,
  ): Promise<void> {
    if (this.format === 'json') return this.json(value);
    for (const line of tableLines(rows, columns)) await this.line(line);
  }
}

export function tableLines<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string[] {
  const cells = rows.map((row) => columns.map(({ text }) => text(row)));
  const widths = columns.map(({ title }, index) =>
    Math.max(title.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  const lineOf = (texts: readonly string[]): string =>
    texts
      .map((text, index) => {
        const width = widths[index] ?? 0;
        return columns[index]?.align === 'right' ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd();
  return [lineOf(columns.map(({ title }) => title)), ...cells.map(lineOf)];
}

/** ISO 8601; a record may carry a time that no date has, and then it is milliseconds. */
export function isoTime(timeMs: number): string {
  const time = new Date(timeMs);
  return Number.isNaN(time.getTime()) ? String(timeMs) : time.toISOString();
}

/** Bytes as text where they are text, else base64. */
export function readable(bytes: Buffer | null): string | null {
  if (bytes === null) return null;
  const text = bytes.toString();
  return Buffer.from(text).equals(bytes) ? text : `base64:${bytes.toString('base64')}`;
}
