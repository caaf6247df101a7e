import { asyncBufferFromFile, type FileMetaData, parquetMetadataAsync, parquetRead } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';

/** One US flight of the first half of 2001. */
export interface Flight {
  /** Departure, ms since the epoch. */
  date: number;
  /** Minutes late at arrival; negative: early. */
  delay: number;
  /** Miles. */
  distance: number;
  /** IATA codes. */
  origin: string;
  destination: string;
}

export interface Block<Column extends keyof Flight> {
  /** Row of the first flight in the file, and of the first one after this block. */
  row: number;
  next: number;
  flights: Pick<Flight, Column>[];
}

/**
 * Streams a range of rows of a Parquet file in blocks, from any row on: what a job needs that goes on where it stopped.
 *
 * @param columns only these are decoded: a column costs 30 to 60 ms for each row group of 270,000 flights.
 * @param range rows `from` (included) to `to` (excluded), `size` at a time; the last block may be shorter.
 */
export async function* readFlights<Column extends keyof Flight>(
  file: string,
  columns: Column[],
  range: { from?: number; to?: number; size?: number } = {},
): AsyncGenerator<Block<Column>> {
  const groups = await rowGroups(file);
  const end = Math.min(range.to ?? Number.POSITIVE_INFINITY, groups.at(-1)?.to ?? 0);
  const size = range.size ?? 1_000;
  for (let row = range.from ?? 0; row < end; row += size) {
    const next = Math.min(row + size, end);
    const flights: Pick<Flight, Column>[] = [];
    for (const group of groups.filter(group => group.from < next && group.to > row)) {
      const values = await Promise.all(columns.map(column => readColumn(file, group, column)));
      for (let i = Math.max(row, group.from); i < Math.min(next, group.to); i++) {
        const flight = {} as Flight;
        for (let c = 0; c < columns.length; c++) flight[columns[c]!] = values[c]![i - group.from] as never;
        flights.push(flight);
      }
    }
    yield { row, next, flights };
  }
}

/** A row group is the unit in which Parquet is compressed: it is decoded whole or not at all. */
export interface RowGroup {
  from: number;
  to: number;
}

export async function rowGroups(file: string): Promise<RowGroup[]> {
  let from = 0;
  return (await open(file)).metadata.row_groups.map(group => {
    const to = from + Number(group.num_rows);
    const range = { from, to };
    from = to;
    return range;
  });
}

type Open = { buffer: Awaited<ReturnType<typeof asyncBufferFromFile>>; metadata: FileMetaData };
type Values = (number | string)[];

const files = new Map<string, Promise<Open>>();
const decoded = new Map<string, Promise<Values>>();
const KEPT_COLUMNS = 48;

/** Runs in one worker share what is decoded: fifty runs over the same row group decode it once. */
function remember<T>(kept: Map<string, Promise<T>>, key: string, limit: number, make: () => Promise<T>) {
  let value = kept.get(key);
  if (!value) {
    value = make();
    // A failure is not kept: the next attempt shall try again.
    value.catch(() => kept.delete(key));
    kept.set(key, value);
    if (kept.size > limit) kept.delete(kept.keys().next().value!);
  }
  return value;
}

function open(file: string): Promise<Open> {
  return remember(files, file, 8, async () => {
    const buffer = await asyncBufferFromFile(file);
    return { buffer, metadata: await parquetMetadataAsync(buffer) };
  });
}

/** One column at a time: side by side none would be ready before all are. */
let decoding: Promise<unknown> = Promise.resolve();

function readColumn(file: string, group: RowGroup, column: keyof Flight): Promise<Values> {
  const decode = () => decodeColumn(file, group, column);
  return remember(decoded, `${file}:${group.from}:${column}`, KEPT_COLUMNS, () => {
    const values = decoding.then(decode, decode);
    decoding = values;
    return values;
  });
}

async function decodeColumn(file: string, group: RowGroup, column: keyof Flight): Promise<Values> {
  const { buffer, metadata } = await open(file);
  const values: Values = [];
  await parquetRead({
    file: buffer,
    metadata,
    compressors,
    columns: [column],
    rowStart: group.from,
    rowEnd: group.to,
    onChunk({ columnData, rowStart }) {
      for (let i = 0; i < columnData.length; i++) {
        const value: unknown = columnData[i];
        values[rowStart - group.from + i] = typeof value === 'string' ? value : Number(value);
      }
    },
  });
  return values;
}

/** @returns minutes late of every flight that leaves this airport, in order of the file. */
export async function delaysFrom(
  file: string,
  airport: string,
  range: { from?: number; to?: number } = {},
): Promise<Int16Array> {
  const delays: number[] = [];
  for await (const { flights } of readFlights(file, ['origin', 'delay'], { ...range, size: 20_000 })) {
    for (const flight of flights) if (flight.origin === airport) delays.push(flight.delay);
  }
  return Int16Array.from(delays);
}
