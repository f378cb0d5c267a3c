/**
 * The one file that touches the browser (`chrome.*`). Everything else is handed what it needs from here, so that it can
 * be tried without a browser; tests hand in their own.
 */

const FORGOTTEN = "Could not establish connection"; // nobody listens: a page without our scripts, a closed tab

/** @param {Chrome} chrome */
export function makeBrowser(chrome) {
  const { runtime, storage, tabs, scripting, permissions, alarms, action, sidePanel, contextMenus, omnibox, commands } =
    chrome;
  return {
    self: { id: runtime.id, root: runtime.getURL(""), version: runtime.getManifest().version },
    local: store(storage.local),
    session: store(storage.session),

    /** @param {string} path @returns {Promise<any>} a JSON file of the extension, null when there is none */
    async ownJson(path) {
      try {
        return await (await fetch(runtime.getURL(path))).json();
      } catch {
        return null;
      }
    },
    /** @param {object} message @returns {Promise<any>} */
    send: (message) => runtime.sendMessage(message),
    /** Tell all open surfaces; nobody listening is fine. @param {object} message */
    tell: (message) => runtime.sendMessage(message).catch(() => {}),
    /** @param {(message: any, sender: any) => Promise<any>|undefined} answer undefined: not for us */
    onMessage: (answer) =>
      runtime.onMessage.addListener((/** @type {any} */ message, /** @type {any} */ sender, /** @type {any} */ reply) => {
        const answered = answer(message, sender);
        if (answered === undefined) return false;
        answered.then(reply);
        return true; // the answer comes later
      }),
    /** What the worker told with `tell`; the other messages are not for surfaces. @param {() => void} act */
    onTold: (act) =>
      runtime.onMessage.addListener((/** @type {any} */ message) => {
        if (message?.type === "changed") act();
        return false;
      }),
    /** @param {(reason: string) => void} act */
    onInstalled: (act) => runtime.onInstalled.addListener((/** @type {any} */ details) => act(details.reason)),
    /** @param {() => void} act */
    onStartup: (act) => runtime.onStartup.addListener(act),
    openOptions: () => runtime.openOptionsPage(),

    // --- tabs ---------------------------------------------------------------------------------------------------
    /** @param {string} url @returns {Promise<number>} its id */
    openTab: async (url) => (await tabs.create({ url })).id,
    /** @param {number} tab @param {string} url */
    goTo: (tab, url) => tabs.update(tab, { url }),
    /** @param {number} tab */
    closeTab: (tab) => tabs.remove(tab).catch(() => {}),
    /** @returns {Promise<{id: number, windowId: number, url: string}|null>} the one in front */
    async tabInFront() {
      const [tab] = await tabs.query({ active: true, lastFocusedWindow: true });
      return tab?.id === undefined ? null : { id: tab.id, windowId: tab.windowId, url: tab.url ?? "" };
    },
    /** @param {number} tab @returns {Promise<string>} empty where the extension may not know */
    addressOf: async (tab) => (await tabs.get(tab).catch(() => null))?.url ?? "",
    /** @param {(tab: number) => void} act */
    onTabLoaded: (act) =>
      tabs.onUpdated.addListener((/** @type {number} */ tab, /** @type {any} */ change) => {
        if (change.status === "complete") act(tab);
      }),
    /** @param {(tab: number) => void} act */
    onTabGone: (act) => tabs.onRemoved.addListener(act),
    /** A tab begins to show another page. @param {(tab: number) => void} act */
    onTabLeft: (act) =>
      tabs.onUpdated.addListener((/** @type {number} */ tab, /** @type {any} */ change) => {
        if (change.status === "loading") act(tab);
      }),
    /** Another tab is in front, or shows another page: for the panel. @param {() => void} act */
    onFrontChanged: (act) => {
      tabs.onActivated.addListener(() => act());
      tabs.onUpdated.addListener((/** @type {number} */ _, /** @type {any} */ change) => {
        if (change.status === "complete" || change.url) act();
      });
    },

    // --- pages --------------------------------------------------------------------------------------------------
    /** Ask our script in a frame of a tab; null when none is there. @param {number} tab @param {number} frame
     *  @param {object} message @returns {Promise<any>} */
    async askPage(tab, frame, message) {
      try {
        return await tabs.sendMessage(tab, message, { frameId: frame });
      } catch (trouble) {
        if (String(trouble).includes(FORGOTTEN)) return null;
        return null;
      }
    },
    /** Run our scripts in all frames. False where we may not. @param {number} tab @param {string[]} files */
    async runScripts(tab, files) {
      try {
        await scripting.executeScript({ target: { tabId: tab, allFrames: true }, files });
        return true;
      } catch {
        return false;
      }
    },
    /** The data-attributes of an element of the page in a tab; null without it. @param {number} tab @param {string} id
     *  @returns {Promise<Record<string, string>|null>} */
    async dataOf(tab, id) {
      try {
        const [found] = await scripting.executeScript({
          target: { tabId: tab },
          args: [id],
          func: (/** @type {string} */ wanted) => {
            const element = document.getElementById(wanted);
            return element === null ? null : { ...element.dataset };
          },
        });
        return found?.result ?? null;
      } catch {
        return null;
      }
    },
    /** What is selected in a tab; empty where we may not look. @param {number} tab @returns {Promise<string>} */
    async selectionIn(tab) {
      try {
        const found = await scripting.executeScript({
          target: { tabId: tab },
          func: () => String(getSelection() ?? "").trim().slice(0, 400),
        });
        return found[0]?.result ?? "";
      } catch {
        return "";
      }
    },
    /** Run our scripts whenever a page of these origins is opened. @param {string[]} origins @param {string[]} files */
    async runOnSites(origins, files) {
      const ids = (await scripting.getRegisteredContentScripts()).map((/** @type {any} */ one) => one.id);
      if (ids.length > 0) await scripting.unregisterContentScripts({ ids });
      if (origins.length === 0 || files.length === 0) return;
      await scripting.registerContentScripts([
        {
          id: "page", matches: origins, js: files, runAt: "document_idle", allFrames: true, matchOriginAsFallback: true,
          persistAcrossSessions: true,
        },
      ]);
    },

    // --- what was allowed ---------------------------------------------------------------------------------------
    /** @param {string} origin like `https://hub.example.com/*` */
    allowed: (origin) => permissions.contains({ origins: [origin] }),
    /** Must be called right in a click. @param {string} origin @returns {Promise<boolean>} */
    askFor: (origin) => permissions.request({ origins: [origin] }),
    /** @returns {Promise<string[]>} */
    allowedSites: async () => (await permissions.getAll()).origins ?? [],
    /** @param {string[]} origins */
    giveBack: (origins) => permissions.remove({ origins }).catch(() => false),
    /** @param {() => void} act */
    onAllowedChanged: (act) => {
      permissions.onAdded.addListener(() => act());
      permissions.onRemoved.addListener(() => act());
    },

    // --- time, icon, menus, panel, address bar, keys ------------------------------------------------------------
    /** @param {string} name @param {number} minutes @param {boolean} again */
    wakeIn: (name, minutes, again) =>
      alarms.create(name, again ? { periodInMinutes: minutes, delayInMinutes: minutes } : { delayInMinutes: minutes }),
    /** @param {(name: string) => void} act */
    onWake: (act) => alarms.onAlarm.addListener((/** @type {any} */ alarm) => act(alarm.name)),
    /** @param {string} text @param {number|null} tab null: everywhere @param {string} [title] */
    async badge(text, tab, title) {
      const where = tab === null ? {} : { tabId: tab };
      try {
        await action.setBadgeText({ text, ...where });
        await action.setBadgeBackgroundColor({ color: "#1f5f5b", ...where });
        await action.setBadgeTextColor?.({ color: "#ffffff", ...where });
        if (title !== undefined) await action.setTitle({ title, ...where });
      } catch {
        // the tab is gone
      }
    },
    /** @param {string} id @param {string} title */
    menuForSelection: (id, title) => {
      contextMenus.removeAll(() => contextMenus.create({ id, title, contexts: ["selection"] }));
    },
    /** @param {(text: string, tab: number, windowId: number) => void} act */
    onMenu: (act) =>
      contextMenus.onClicked.addListener((/** @type {any} */ info, /** @type {any} */ tab) =>
        act(String(info.selectionText ?? "").slice(0, 400), tab?.id ?? -1, tab?.windowId ?? -1),
      ),
    /** Must be called right in a click or key. @param {number} windowId */
    openPanel: (windowId) => sidePanel.open({ windowId }),
    /** The popup, as if the icon had been clicked; where the browser does not do that, nothing. */
    openPopup: () => Promise.resolve(action.openPopup?.()).catch(() => {}),
    /** @param {(command: string, tab: {id: number, windowId: number}|null) => void} act */
    onCommand: (act) =>
      commands.onCommand.addListener((/** @type {string} */ command, /** @type {any} */ tab) =>
        act(command, tab?.id === undefined ? null : { id: tab.id, windowId: tab.windowId }),
      ),
    omnibox: {
      /** @param {(typed: string) => Promise<{content: string, description: string}[]>} find */
      onTyped: (find) =>
        omnibox.onInputChanged.addListener((/** @type {string} */ typed, /** @type {any} */ suggest) => {
          find(typed).then(suggest, () => suggest([]));
        }),
      /** @param {(chosen: string, where: string) => void} act */
      onChosen: (act) => omnibox.onInputEntered.addListener(act),
      /** @param {string} description */
      first: (description) => omnibox.setDefaultSuggestion({ description }),
    },
  };
}

/** @param {ChromeArea} area */
function store(area) {
  return {
    /** @param {string} key @returns {Promise<any>} undefined when there is nothing */
    get: async (key) => (await area.get(key))[key],
    /** @returns {Promise<Record<string, any>>} */
    all: () => area.get(null),
    /** @param {string} key @param {any} value */
    set: (key, value) => area.set({ [key]: value }),
    /** All or none. @param {Record<string, any>} items */
    setAll: (items) => area.set(items),
    /** @param {string|string[]} keys */
    remove: (keys) => area.remove(keys),
    clear: () => area.clear(),
    /** @param {(keys: string[]) => void} act */
    onChanged: (act) => area.onChanged.addListener((/** @type {any} */ changes) => act(Object.keys(changes))),
  };
}

/** @typedef {ReturnType<typeof makeBrowser>} Browser */
/** @typedef {ReturnType<typeof store>} Store */
