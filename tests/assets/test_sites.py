"""An admin's rules for pages that the extension does not know by itself: read from the content folder, checked."""

import json
from pathlib import Path
from typing import Any

import pytest

from hub import shipped
from hub.assets import sites

RULE = {"name": "Ours", "source": "ours", "hosts": ["crm.example.com"], "records": [{"path": "/deal/{id:digits}"}]}


def read(folder: Path, given: Any) -> tuple[list[sites.SiteRule], list[str]]:
    (folder / sites.FILE).write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    return sites.read(folder)


def test_rules_are_read_and_a_folder_without_them_has_none(tmp_path: Path) -> None:
    assert sites.read(tmp_path) == ([], [])
    rules, faults = read(tmp_path, [RULE])
    assert [rule.source for rule in rules] == ["ours"]
    assert faults == []


@pytest.mark.parametrize("file", ["hubspot", "salesforce", "pipedrive"])
def test_the_extensions_own_rules_are_good_ones_here_too(tmp_path: Path, file: str) -> None:
    own = json.loads((shipped.EXTENSION / "rules" / f"{file}.json").read_text(encoding="utf-8"))
    rules, faults = read(tmp_path, own)
    assert (len(rules), faults) == (len(own), [])


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"hosts": ["*.com"]}, "_sites.json[1].hosts[0]"),
        ({"hosts": ["a*b*.example.com"]}, "_sites.json[1].hosts[0]"),
        ({"hosts": []}, "_sites.json[1].hosts"),
        ({"records": [{"path": "/deal"}]}, "_sites.json[1].records[0]"),
        ({"records": [{"path": "/{id:digits}/{id:word}"}]}, "_sites.json[1].records[0]"),
        ({"records": [{"path": "/{id:(a+)+}"}]}, "_sites.json[1].records[0].path"),
        ({"records": [{"path": "/**/{id:digits}"}]}, "_sites.json[1].records[0].path"),
        ({"source": "Not A Source"}, "_sites.json[1].source"),
        ({"script": "alert(1)"}, "_sites.json[1].script"),
        ({"http": "yes"}, "_sites.json[1].http"),
    ],
)
def test_a_wrong_rule_is_left_out_and_its_place_is_named(tmp_path: Path, change: dict[str, Any], place: str) -> None:
    rules, faults = read(tmp_path, [RULE, RULE | change])
    assert len(rules) == 1
    assert faults[0].startswith(place)


def test_a_file_that_is_no_list_of_rules_is_said(tmp_path: Path) -> None:
    for given in ("{", "{}", "3", "x" * 70_000):
        rules, faults = read(tmp_path, given)
        assert rules == []
        assert len(faults) == 1


def test_a_rule_with_parameters_and_a_port_on_the_house_network(tmp_path: Path) -> None:
    own = {
        "name": "Dynamics", "source": "dynamics", "hosts": ["crm.intranet:8080", "*.crm4.dynamics.com"], "http": True,
        "records": [{"path": "/main.aspx", "query": {"etn": "opportunity", "id": "{id:guid}"}}],
    }  # fmt: skip
    rules, faults = read(tmp_path, [own])
    assert (len(rules), faults) == (1, [])
