// What a script starts ends with it, however it ends: by its last line, an exception, or a signal.

const open = new Set();

/** Runs `end`, which does not wait, when this process ends; returns what takes that back. The last one that was told goes first. */
export function atEnd(end) {
  open.add(end);
  return () => open.delete(end);
}

process.on('exit', () => {
  for (const end of [...open].reverse()) {
    try {
      end();
    } catch (error) {
      console.error(`something that was started may be left over: ${error.message}`);
    }
  }
});
for (const [signal, code] of Object.entries({ SIGHUP: 129, SIGINT: 130, SIGTERM: 143 })) process.on(signal, () => process.exit(code));
