/**
 * Which deal the address of a page is about, by rules that are data. Pure: runs in pages, in the worker and in Node.
 *
 * A rule names hosts and addresses in a small language without regular expressions, so that a rule somebody adds can
 * neither run code nor take long: every address is compared part by part, once.
 *
 *   hosts     `app.hubspot.com`, `app-*.hubspot.com`; `*` is one or more characters within one part of the name, one
 *             a part, and never in the last two parts
 *   records   one or more of {path, query?, hash?}; a path is `/parts/of/it`, in which `*` is any one part, a `**` at
 *             the end any more of them, and `{id:KIND}`, exactly once in a record, the deal's number. `query` names
 *             parameters and what they must be; `hash` is a path after `#`
 *   KIND      digits, word (letters, digits, `_`, `-`), guid, salesforce-opportunity
 *
 * @typedef {{path: string, query?: Record<string, string>, hash?: string}} RecordAddress
 * @typedef {{name: string, source: string, hosts: string[], records: RecordAddress[], http?: boolean}} Rule
 */
"use strict";

(() => {
  const ours = (globalThis[Symbol.for("hub.page")] ??= { __proto__: null });
  if (ours.recognise !== undefined) return; // run in this frame already, with what it remembers

  const ADDRESS_AT_MOST = 4_000;
  const KINDS = {
    digits: { fits: /^[0-9]{1,40}$/, made: (text) => text },
    word: { fits: /^[A-Za-z0-9_-]{1,200}$/, made: (text) => text },
    guid: {
      fits: /^\{?[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\}?$/,
      made: (text) => text.replace(/[{}]/g, "").toLowerCase(),
    },
    // Pages show 15 letters whose case matters or 18 of which it does not; the CRM's interface always says 18.
    "salesforce-opportunity": { fits: /^006[A-Za-z0-9]{12}(?:[A-Za-z0-9]{3})?$/, made: longSalesforceId },
  };
  const ID = /^\{id:([a-z-]+)\}$/;

  /**
   * The deal that an address shows, or null. The first rule that knows it decides.
   * @param {string} address @param {Rule[]} rules @returns {{source: string, external_id: string}|null}
   */
  function recordAt(address, rules) {
    const url = parsed(address);
    if (url === null) return null;
    for (const rule of rules) {
      if (url.protocol !== "https:" && !(rule.http === true && url.protocol === "http:")) continue;
      if (!rule.hosts.some((host) => hostFits(host, url.host))) continue;
      for (const record of rule.records) {
        const external_id = idIn(record, url);
        if (external_id !== null) return { source: rule.source, external_id };
      }
    }
    return null;
  }

  /** @param {string} address @param {string[]} hosts */
  function isOn(address, hosts) {
    const url = parsed(address);
    return url !== null && hosts.some((host) => hostFits(host, url.host));
  }

  function parsed(address) {
    if (typeof address !== "string" || address.length > ADDRESS_AT_MOST) return null;
    try {
      return new URL(address);
    } catch {
      return null;
    }
  }

  function hostFits(pattern, host) {
    const wanted = pattern.toLowerCase().split("."), given = host.toLowerCase().split(".");
    return wanted.length === given.length && wanted.every((part, index) => labelFits(part, given[index]));
  }

  function labelFits(wanted, given) {
    const star = wanted.indexOf("*");
    if (star === -1) return wanted === given;
    const before = wanted.slice(0, star), after = wanted.slice(star + 1);
    return given.length > before.length + after.length && given.startsWith(before) && given.endsWith(after);
  }

  function idIn({ path, query = {}, hash }, url) {
    const ids = [partsFit(path, url.pathname)];
    for (const [name, wanted] of Object.entries(query)) ids.push(partFits(wanted, url.searchParams.get(name) ?? ""));
    if (typeof hash === "string") ids.push(partsFit(hash, url.hash.slice(1).split("?")[0]));
    return ids.includes(null) ? null : ids.join("") || null;
  }

  /** The id that the path holds, empty when it fits and holds none, null when it does not fit. */
  function partsFit(pattern, path) {
    const wanted = partsOf(pattern), given = partsOf(path);
    const open = wanted.at(-1) === "**";
    if (open) wanted.pop();
    if (open ? given.length < wanted.length : given.length !== wanted.length) return null;
    let id = "";
    for (const [index, part] of wanted.entries()) {
      const found = partFits(part, given[index]);
      if (found === null) return null;
      id += found;
    }
    return id;
  }

  function partsOf(path) {
    return path.split("/").filter((part) => part !== "");
  }

  function partFits(wanted, given) {
    const id = ID.exec(wanted);
    if (id !== null) return KINDS[id[1]].fits.test(given) ? KINDS[id[1]].made(given) : null;
    return wanted === "*" ? (given === "" ? null : "") : wanted === given ? "" : null;
  }

  /** The last three letters say which of each five before are capitals. */
  function longSalesforceId(id) {
    if (id.length === 18) return id;
    const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345";
    let sum = "";
    for (let group = 0; group < 3; group++) {
      let bits = 0;
      for (let place = 0; place < 5; place++) if (/[A-Z]/.test(id[group * 5 + place])) bits |= 1 << place;
      sum += letters[bits];
    }
    return id + sum;
  }

  // --- reading rules ------------------------------------------------------------------------------------------------

  /**
   * Rules from outside, checked. What is wrong is left out and said, with its place and the cure.
   * @param {unknown} given @param {string} place @returns {{rules: Rule[], faults: string[]}}
   */
  function readRules(given, place) {
    if (!Array.isArray(given)) return { rules: [], faults: [`${place}: should be a list of rules.`] };
    const rules = [], faults = given.length > 100 ? [`${place}: only the first 100 rules are read.`] : [];
    for (const [index, rule] of given.slice(0, 100).entries()) {
      const wrong = faultsOf(rule);
      if (wrong.length === 0) rules.push(rule);
      else faults.push(...wrong.map((fault) => `${place}[${index}]${fault}`));
    }
    return { rules, faults };
  }

  function faultsOf(rule) {
    if (!isRecord(rule)) return [" should be a rule: {name, source, hosts, records}."];
    const faults = unknownNames(rule, ["name", "source", "hosts", "records", "http"], "");
    if (!isText(rule.name, 100)) faults.push(".name should be text of at most 100 characters.");
    if (!isText(rule.source, 50) || !/^[a-z0-9]+(?:[-_.][a-z0-9]+)*$/.test(rule.source)) {
      faults.push(".source should be the source that the deals were imported with, like “hubspot”.");
    }
    if (rule.http !== undefined && typeof rule.http !== "boolean") faults.push(".http should be true or false.");
    if (!isListOf(rule.hosts)) faults.push(".hosts should list 1 to 50 hosts.");
    else rule.hosts.forEach((host, index) => isHost(host) || faults.push(`.hosts[${index}] should be a host like “app.example.com” or “*.example.com”.`));
    if (!isListOf(rule.records)) faults.push(".records should list 1 to 50 addresses.");
    else rule.records.forEach((record, index) => faults.push(...faultsOfRecord(record).map((fault) => `.records[${index}]${fault}`)));
    return faults;
  }

  function faultsOfRecord(record) {
    if (!isRecord(record)) return [" should be {path, query?, hash?}."];
    const faults = unknownNames(record, ["path", "query", "hash"], "");
    const parts = [];
    for (const name of ["path", "hash"]) {
      if (name === "hash" && (record.hash ?? null) === null) continue;
      if (!isText(record[name], 300) || !record[name].startsWith("/")) faults.push(`.${name} should begin with “/”.`);
      else {
        const own = partsOf(record[name]);
        if (own.slice(0, -1).includes("**")) faults.push(`.${name}: “**” may stand at the end only.`);
        parts.push(...own.filter((part) => part !== "**"));
      }
    }
    if ((record.query ?? null) !== null) {
      if (!isRecord(record.query) || !Object.values(record.query).every((value) => isText(value, 200)) || Object.keys(record.query).length > 20) {
        faults.push(".query should name parameters and what they must be.");
      } else parts.push(...Object.values(record.query));
    }
    if (faults.length > 0) return faults;
    const ids = parts.filter((part) => part.includes("{") || part.includes("}"));
    const kinds = Object.keys(KINDS).join(", ");
    if (ids.length !== 1 || !Object.hasOwn(KINDS, ID.exec(ids[0])?.[1] ?? "")) return [` should hold {id:KIND} exactly once; a KIND is ${kinds}.`];
    return parts.some((part) => part !== "*" && part.includes("*")) ? [": “*” stands for a whole part of a path."] : [];
  }

  function isHost(host) {
    if (!isText(host, 253) || !/^[A-Za-z0-9*-]+(?:\.[A-Za-z0-9*-]+)*(?::[0-9]{1,5})?$/.test(host)) return false;
    const parts = host.split(".");
    if (parts.some((part) => part.split("*").length > 2)) return false;
    return !host.includes("*") || (parts.length > 2 && !parts.slice(-2).join("").includes("*"));
  }

  const isText = (value, most) => typeof value === "string" && value.length > 0 && value.length <= most;
  const isRecord = (value) => typeof value === "object" && value !== null && !Array.isArray(value);
  const isListOf = (value) => Array.isArray(value) && value.length > 0 && value.length <= 50;
  const unknownNames = (value, known, place) =>
    Object.keys(value).filter((name) => !known.includes(name)).map((name) => `${place}.${name} is not known here.`);

  ours.recognise = { recordAt, isOn, readRules, isHost };
})();
