/** Text made small and back, with the browser's own gzip. */

/** @param {string} text @returns {Promise<Uint8Array>} */
export async function pack(text) {
  return new Uint8Array(await through(new CompressionStream("gzip"), new TextEncoder().encode(text)).arrayBuffer());
}

/** @param {Uint8Array} packed @returns {Promise<string>} */
export async function unpack(packed) {
  return through(new DecompressionStream("gzip"), packed).text();
}

/** @param {any} stream @param {Uint8Array} bytes */
function through(stream, bytes) {
  return new Response(new Blob([/** @type {any} */ (bytes)]).stream().pipeThrough(stream));
}
