import { BundleError } from "../errors.js";

/**
 * Where a bundle's files come from.
 *
 * @param path relative to the bundle, POSIX; checked: it stays inside.
 * @param limit the most bytes that are wanted; a source may stop one byte behind it.
 * @returns the file's bytes.
 */
export type BundleSource = (path: string, limit: number) => Promise<Uint8Array>;

/**
 * Files below an address, by `fetch`.
 *
 * @param base of the bundle's folder, with or without a slash at the end; relative ones count from the page.
 */
export function fetchSource(base: string | URL): BundleSource {
  const root = folderOf(base);
  return async (path, limit) => {
    const address = new URL(path.split("/").map(encodeURIComponent).join("/"), root);
    let response: Response;
    try {
      // Asked again, since a bundle is replaced as a whole: an old file from a cache would not fit the new manifest.
      response = await fetch(address, { cache: "no-cache" });
    } catch (error) {
      throw missing(path, error instanceof Error ? error.message : String(error));
    }
    if (!response.ok) throw missing(path, `the server answers ${response.status}`);
    return readBounded(response, path, limit);
  };
}

function folderOf(base: string | URL): URL {
  const page = globalThis.location?.href;
  const root = page === undefined ? new URL(base) : new URL(base, page);
  if (!root.pathname.endsWith("/")) root.pathname += "/";
  root.search = root.hash = "";
  return root;
}

/** Reads no further than one piece behind the limit. */
async function readBounded(response: Response, path: string, limit: number): Promise<Uint8Array> {
  if (response.body === null) return new Uint8Array(0);
  const pieces: Uint8Array[] = [];
  let size = 0;
  const reader = response.body.getReader();
  try {
    for (let piece = await reader.read(); !piece.done && size <= limit; piece = await reader.read()) {
      pieces.push(piece.value);
      size += piece.value.length;
    }
    if (size > limit) await reader.cancel();
  } catch (error) {
    throw missing(path, error instanceof Error ? error.message : String(error));
  }
  return joined(pieces, size);
}

function joined(pieces: readonly Uint8Array[], size: number): Uint8Array {
  const found = new Uint8Array(size);
  let at = 0;
  for (const piece of pieces) {
    found.set(piece, at);
    at += piece.length;
  }
  return found;
}

/** The refusal of a file that is not there. */
export function missing(path: string, reason: string): BundleError {
  return new BundleError(`${path} cannot be opened (${reason}); copy the whole bundle`, "missing-file", path);
}
