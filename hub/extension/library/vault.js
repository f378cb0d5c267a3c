/**
 * Where the packed copy lies: one table of IndexedDB. `replace` is one transaction, so that a service worker stopped in
 * the middle leaves the old copy or the new one, never half of each.
 */

const NAME = "hub-library";
const TABLE = "parts";

/** @param {IDBFactory} [indexedDB] */
export function makeVault(indexedDB = globalThis.indexedDB) {
  return {
    /** @param {string} key @returns {Promise<any>} undefined when there is nothing */
    get: (key) => within("readonly", (table) => table.get(key)),
    /** @param {string} key @param {any} value */
    put: (key, value) => within("readwrite", (table) => table.put(value, key)),
    /** All these instead of all that was. @param {Map<string, any>} parts */
    replace: (parts) =>
      within("readwrite", (table) => {
        table.clear();
        for (const [key, value] of parts) table.put(value, key);
        return null;
      }),
    erase: () => within("readwrite", (table) => table.clear()),
  };

  /** @param {IDBTransactionMode} mode @param {(table: IDBObjectStore) => IDBRequest|null} act @returns {Promise<any>} */
  async function within(mode, act) {
    const base = await open();
    try {
      return await new Promise((resolve, reject) => {
        const deed = base.transaction(TABLE, mode);
        const asked = act(deed.objectStore(TABLE));
        deed.oncomplete = () => resolve(asked === null ? undefined : asked.result);
        deed.onerror = () => reject(deed.error);
        deed.onabort = () => reject(deed.error);
      });
    } finally {
      base.close();
    }
  }

  /** @returns {Promise<IDBDatabase>} */
  function open() {
    return new Promise((resolve, reject) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore(TABLE);
      asked.onsuccess = () => resolve(asked.result);
      asked.onerror = () => reject(asked.error);
    });
  }
}

/** @typedef {ReturnType<typeof makeVault>} Vault */
