/** One server-sent event; `data` is parsed JSON. */
export interface ServerEvent {
  id: string | undefined;
  type: string;
  data: Record<string, unknown>;
}

/** Splits a `text/event-stream` into events. Comments (heartbeats) and events without data are passed over. */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    rest += decoder.decode(chunk, { stream: true });
    const blocks = rest.split(/\r?\n\r?\n/);
    rest = blocks.pop()!;
    for (const block of blocks) {
      const event = parseEvent(block);
      if (event) yield event;
    }
  }
}

export function parseEvent(block: string): ServerEvent | undefined {
  const event: ServerEvent = { id: undefined, type: 'message', data: {} };
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const [, field, value] = /^([a-z]+): ?(.*)$/.exec(line) ?? [];
    if (field === 'id') event.id = value;
    else if (field === 'event') event.type = value!;
    else if (field === 'data') data.push(value!);
  }
  if (data.length === 0) return undefined;
  event.data = JSON.parse(data.join('\n'));
  return event;
}
