// Files as people read of them: how large they are, what a name for one could be, and whether it can be shown as text.

/** `812 B`, `20 KiB`, `1.4 MiB`. */
export function size(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${Math.round(bytes / 1024)} KiB`;
  return `${(bytes / (1024 * 1024)).toFixed(1)} MiB`;
}

/** A name that the server would take, made from that of a file: `FIX 4.4.xml` becomes `fix-4.4`. */
export function nameFor(file: string): string {
  const stem = file.replace(/(\.tar)?\.[A-Za-z0-9]+$/, "");
  return stem
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, "-")
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    .slice(0, 63);
}

/** The name of the plugin in a package that is called as usual: `feed-1.2.0.tar.zst` holds `feed`. */
export const pluginFor = (file: string): string => nameFor(file).replace(/-\d+\.\d+.*$/, "");

/** More text than this is not compared in a page. Bytes. */
export const LARGEST_TEXT = 1 << 20;

/** The text that some bytes are, or null where they are none. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.includes("\0") ? null : text;
  } catch {
    return null;
  }
}
