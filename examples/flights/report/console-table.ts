/** A column of a console table. */
interface TableColumn<Row> {
  readonly title: string;
  /** Text goes to the left, numbers to the right. */
  readonly align: 'left' | 'right';
  readonly cell: (row: Row) => string;
  /** The widest a cell may get before it is cut. @defaultValue no limit */
  readonly maxWidth?: number;
}

/** Lays rows out in aligned columns: a header, a rule, and a line a row. */
export function consoleTable<Row>(rows: readonly Row[], columns: readonly TableColumn<Row>[]): string {
  const cells = columns.map((column) => {
    const texts = [column.title, ...rows.map((row) => clip(column.cell(row), column.maxWidth))];
    const width = Math.max(...texts.map((text) => text.length));
    return texts.map((text) => (column.align === 'left' ? text.padEnd(width) : text.padStart(width)));
  });
  const line = (index: number) =>
    cells
      .map((column) => column[index] ?? '')
      .join('  ')
      .trimEnd();
  const rule = cells.map((column) => '─'.repeat(column[0]?.length ?? 0)).join('  ');
  return [line(0), rule, ...rows.map((_, index) => line(index + 1))].join('\n');
}

function clip(text: string, maxWidth = Infinity): string {
  return text.length <= maxWidth ? text : `${text.slice(0, maxWidth - 1)}…`;
}
