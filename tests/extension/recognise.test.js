import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import "../../hub/extension/page/recognise.js";
import { loadRules } from "../../hub/extension/rules/book.js";

const { recordAt, isOn, readRules } = globalThis[Symbol.for("hub.page")].recognise;
const readJson = async (path) => JSON.parse(await readFile(new URL(`../../hub/extension/${path}`, import.meta.url), "utf8"));
const book = await loadRules(readJson);

const RECORDS = {
  "https://app.hubspot.com/contacts/4711/record/0-3/9134": "hubspot 9134",
  "https://app-eu1.hubspot.com/contacts/4711/record/0-3/9134/view/1?eschref=%2Fx": "hubspot 9134",
  "https://app.hubspot.com/contacts/4711/deal/9134/?interaction=note": "hubspot 9134",
  "https://mill.lightning.force.com/lightning/r/Opportunity/0065g00000AbCdEAAV/view": "salesforce 0065g00000AbCdEAAV",
  "https://mill--uat.sandbox.lightning.force.com/lightning/r/0065g00000AbCdEAAV/view": "salesforce 0065g00000AbCdEAAV",
  "https://mill.lightning.force.com/lightning/r/Opportunity/0065g00000AbCdEAAV/view?ws=%2Flightning%2Fr%2FAccount%2F0015g": "salesforce 0065g00000AbCdEAAV",
  "https://mill.lightning.force.com/one/one.app#/sObject/0065g00000AbCdEAAV/view?t=1": "salesforce 0065g00000AbCdEAAV",
  "https://mill.my.salesforce.com/0065g00000AbCdEAAV": "salesforce 0065g00000AbCdEAAV",
  "https://eu12.salesforce.com/0065g00000AbCdE/e?retURL=x": "salesforce 0065g00000AbCdEAAV",
  "https://mill.pipedrive.com/deal/31": "pipedrive 31",
  "https://mill.pipedrive.com/deal/31/participants#note": "pipedrive 31",
};

const OTHERS = [
  "https://app.hubspot.com/contacts/4711/objects/0-3/views/all/list",
  "https://app.hubspot.com/contacts/4711/record/0-1/9134", // a contact
  "https://app.hubspot.com.evil.example/contacts/4711/record/0-3/9134",
  "https://evil.example/app.hubspot.com/contacts/4711/record/0-3/9134",
  "https://app-.hubspot.com/contacts/4711/record/0-3/9134",
  "http://app.hubspot.com/contacts/4711/record/0-3/9134",
  "https://app.hubspot.com:8443/contacts/4711/record/0-3/9134",
  "https://app.hubspot.com@evil.example/contacts/4711/record/0-3/9134",
  "https://mill.lightning.force.com/lightning/r/Account/0015g00000AbCdEAAV/view",
  "https://mill.lightning.force.com/lightning/o/Opportunity/list",
  "https://mill.my.salesforce.com/0015g00000AbCdE",
  "https://mill.my.salesforce.com/home/home.jsp",
  "https://mill.pipedrive.com/deal/",
  "https://mill.pipedrive.com/pipeline/1",
  "https://pipedrive.com/deal/31",
  `https://mill.pipedrive.com/deal/${"1".repeat(5_000)}`,
  "about:blank", "not an address", "",
];

for (const [address, deal] of Object.entries(RECORDS)) {
  test(`${address} is a deal`, () => {
    const { source, external_id } = recordAt(address, book.rules);
    assert.equal(`${source} ${external_id}`, deal);
  });
}

test("no other page is taken for a deal", () => {
  for (const address of OTHERS) assert.equal(recordAt(address, book.rules), null, address);
});

test("the rules that come with the extension are read without a fault", () => {
  assert.deepEqual(book.faults, []);
  assert.ok(book.rules.length >= 4);
  assert.ok(book.outward.includes("mail.google.com"));
});

test("an admin's rule may name parameters, plain hosts and http", () => {
  const own = [
    { name: "Dynamics", source: "dynamics", hosts: ["*.crm4.dynamics.com"], records: [{ path: "/main.aspx", query: { etn: "opportunity", id: "{id:guid}" } }] },
    { name: "Ours", source: "ours", hosts: ["crm.intranet:8080"], http: true, records: [{ path: "/chances/{id:word}" }] },
  ];
  const { rules, faults } = readRules(own, "rules");
  assert.deepEqual(faults, []);
  const guid = "8A0D3F1E-0000-4000-8000-00000000ABCD";
  assert.equal(recordAt(`https://mill.crm4.dynamics.com/main.aspx?etn=opportunity&id=%7B${guid}%7D`, rules).external_id, guid.toLowerCase());
  assert.equal(recordAt(`https://mill.crm4.dynamics.com/main.aspx?etn=account&id=${guid}`, rules), null);
  assert.equal(recordAt("http://crm.intranet:8080/chances/O-12", rules).external_id, "O-12");
});

test("a rule is read as the hub sends it, with what is not said as null", () => {
  const sent = { name: "Ours", source: "ours", hosts: ["crm.example.com"], records: [{ path: "/deal/{id:digits}", query: {}, hash: null }], http: false };
  const { rules, faults } = readRules([sent], "rules");
  assert.deepEqual(faults, []);
  assert.equal(recordAt("https://crm.example.com/deal/7", rules).external_id, "7");
  assert.equal(recordAt("http://crm.example.com/deal/7", rules), null);
});

const RULE = { name: "Ours", source: "ours", hosts: ["crm.example.com"], records: [{ path: "/deal/{id:digits}" }] };
const WRONG = {
  "hosts that are too wide": [{ hosts: ["*"] }, { hosts: ["*.com"] }, { hosts: ["crm.*.com"] }, { hosts: ["a*b*.example.com"] }, { hosts: [] }, { hosts: ["https://x.example"] }],
  "records without one id": [
    { records: [] }, { records: [{ path: "/deal" }] }, { records: [{ path: "/{id:digits}/{id:digits}" }] }, { records: [{ path: "/{id:.*}" }] },
    { records: [{ path: "/x-{id:digits}" }] }, { records: [{ path: "/{id:constructor}" }] }, { records: [{ path: "deal/{id:digits}" }] },
  ],
  "stars where none may be": [{ records: [{ path: "/**/{id:digits}" }] }, { records: [{ path: "/a*/{id:digits}" }] }],
  "what a rule does not have": [{ run: "alert(1)" }, { source: "Not A Source" }, { name: "" }, { http: "yes" }, { records: [{ path: "/{id:digits}", regex: "(a+)+" }] }],
};

for (const [what, changes] of Object.entries(WRONG)) {
  test(`a rule is refused for ${what}, and its fault says where`, () => {
    for (const change of changes) {
      const { rules, faults } = readRules([RULE, { ...RULE, ...change }], "rules");
      assert.equal(rules.length, 1, JSON.stringify(change));
      assert.match(faults[0], /^rules\[1\]/);
    }
  });
}

test("rules that are no rules are refused and nothing else breaks", async () => {
  for (const own of [null, "x", 3, {}, [null], ["x"], [[]]]) {
    const read = await loadRules(readJson, own);
    assert.equal(read.rules.length, book.rules.length);
    assert.ok(read.faults.length > 0);
  }
});

test("a page is on a site by its host alone", () => {
  assert.ok(isOn("https://mail.google.com/mail/u/0/#inbox", book.outward));
  assert.ok(!isOn("https://evil.example/mail.google.com", book.outward));
});
