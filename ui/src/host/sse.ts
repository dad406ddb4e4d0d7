/** Server-sent events from a body that is still coming: fetch, unlike EventSource, can say in whose name it asks. */

/** Takes pieces of a stream as they come and hands on the data of each whole event. */
export function eventParser(onData: (data: string) => void): (piece: string) => void {
  let rest = '';
  let data: string[] = [];
  return (piece) => {
    rest += piece;
    // A carriage return at the end may be half of a line's end: it waits for the next piece.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line === '') {
        if (data.length > 0) onData(data.join('\n'));
        data = [];
      } else if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
      // Comments, ids and times to reconnect say nothing here: the wall starts again from a snapshot.
    }
  };
}
