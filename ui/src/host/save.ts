/** Files for the viewer in a browser: it asks or puts them where it puts downloads. */
export function saveInBrowser(name: string, bytes: Uint8Array, type: string): Promise<string> {
  const url = URL.createObjectURL(new Blob([new Uint8Array(bytes)], { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  document.body.append(link);
  link.click();
  link.remove();
  // The browser reads it after this turn.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return Promise.resolve('');
}
