/** What browser.js uses of the browser, and nothing more: another name is an error of the types. */

interface ChromeEvent<Listener> {
  addListener(listener: Listener): void;
}

interface ChromeTab {
  id?: number;
  windowId: number;
  url?: string;
}

interface ChromeArea {
  get(keys: string | null): Promise<Record<string, any>>;
  set(items: Record<string, any>): Promise<void>;
  remove(keys: string | string[]): Promise<void>;
  clear(): Promise<void>;
  onChanged: ChromeEvent<(changes: Record<string, unknown>) => void>;
}

interface Chrome {
  runtime: {
    id: string;
    getURL(path: string): string;
    getManifest(): { version: string };
    sendMessage(message: object): Promise<any>;
    openOptionsPage(): Promise<void>;
    onMessage: ChromeEvent<(message: any, sender: any, reply: (answer: any) => void) => boolean>;
    onInstalled: ChromeEvent<(details: { reason: string }) => void>;
    onStartup: ChromeEvent<() => void>;
  };
  storage: { local: ChromeArea; session: ChromeArea };
  tabs: {
    create(how: { url: string }): Promise<{ id: number }>;
    update(tab: number, how: { url: string }): Promise<unknown>;
    remove(tab: number): Promise<void>;
    get(tab: number): Promise<ChromeTab>;
    query(which: { active?: boolean; lastFocusedWindow?: boolean }): Promise<ChromeTab[]>;
    sendMessage(tab: number, message: object, where: { frameId: number }): Promise<any>;
    onUpdated: ChromeEvent<(tab: number, change: { status?: string; url?: string }) => void>;
    onRemoved: ChromeEvent<(tab: number) => void>;
    onActivated: ChromeEvent<() => void>;
  };
  scripting: {
    executeScript(how: {
      target: { tabId: number; allFrames?: boolean };
      files?: string[];
      args?: unknown[];
      func?: (...given: any[]) => unknown;
    }): Promise<{ result?: any }[]>;
    getRegisteredContentScripts(): Promise<{ id: string }[]>;
    unregisterContentScripts(which: { ids: string[] }): Promise<void>;
    registerContentScripts(scripts: {
      id: string;
      matches: string[];
      js: string[];
      runAt: "document_idle";
      allFrames: boolean;
      matchOriginAsFallback: boolean;
      persistAcrossSessions: boolean;
    }[]): Promise<void>;
  };
  permissions: {
    contains(what: { origins: string[] }): Promise<boolean>;
    request(what: { origins: string[] }): Promise<boolean>;
    remove(what: { origins: string[] }): Promise<boolean>;
    getAll(): Promise<{ origins?: string[] }>;
    onAdded: ChromeEvent<() => void>;
    onRemoved: ChromeEvent<() => void>;
  };
  alarms: {
    create(name: string, when: { delayInMinutes: number; periodInMinutes?: number }): Promise<void>;
    onAlarm: ChromeEvent<(alarm: { name: string }) => void>;
  };
  action: {
    setBadgeText(what: { text: string; tabId?: number }): Promise<void>;
    setBadgeBackgroundColor(what: { color: string; tabId?: number }): Promise<void>;
    setBadgeTextColor?(what: { color: string; tabId?: number }): Promise<void>;
    setTitle(what: { title: string; tabId?: number }): Promise<void>;
    openPopup?(): Promise<void>;
  };
  sidePanel: { open(where: { windowId: number }): Promise<void> };
  contextMenus: {
    removeAll(then: () => void): void;
    create(item: { id: string; title: string; contexts: string[] }): void;
    onClicked: ChromeEvent<(info: { selectionText?: string }, tab?: ChromeTab) => void>;
  };
  commands: { onCommand: ChromeEvent<(command: string, tab?: ChromeTab) => void> };
  omnibox: {
    setDefaultSuggestion(suggestion: { description: string }): void;
    onInputChanged: ChromeEvent<(typed: string, suggest: (some: { content: string; description: string }[]) => void) => void>;
    onInputEntered: ChromeEvent<(chosen: string, where: string) => void>;
  };
}

declare const chrome: Chrome;
