"""taxonomy.yaml as text: what it says about each term and in which line, and the same text written out again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import yaml
from pydantic import ValidationError

from hub.taxonomy.bounded_yaml import Node, YamlFault, parsed
from hub.taxonomy.nearest import shown
from hub.taxonomy.rows import key_from
from hub.taxonomy.schemas import RESERVED, Rejected, TermDraft, is_vocabulary_name

MOST_BYTES = 1_000_000
MOST_TERMS = 20_000
DEEPEST = 5  # vocabularies, terms, term, field, list or owners, text; so one list too many is only that term's fault
# A vocabulary of such a name could not be told from the field of a content file.
_CONTENT_FIELDS = frozenset(
    {"title", "kind", "summary", "body", "language", "audience", "authors", "owner", "review_by", "expires_on", "slug"}
    | {"external_id", "tags", "attachments", "version", "note"}
)
_Dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)


@dataclass(frozen=True, slots=True)
class Statement:
    """What the file says about one term; only what stands there is `stated`, by field as `sync` compares them."""

    vocabulary: str
    key: str
    line: int
    draft: TermDraft
    former_keys: tuple[str, ...] = ()

    def stated(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"label": self.draft.label}
        if "synonyms" in self.draft.model_fields_set:
            fields["synonyms"] = self.draft.synonyms
        for team in sorted(self.draft.owners.model_fields_set):
            fields[f"{team}_owner"] = getattr(self.draft.owners, team)
        return fields | {f"text.{name}": text for name, text in self.draft.text.items()}


@dataclass(slots=True)
class Content:
    """What was read: statements in the file's order, and what had to be refused."""

    statements: list[Statement] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)


def read(text: str, *, name: str) -> Content:
    """Never raises: a file that cannot be read at all is one refusal that says why and in which line."""
    content = Content()
    try:
        for vocabulary, entries in _vocabularies(parsed(text, most_bytes=MOST_BYTES, deepest=DEEPEST)):
            _read_vocabulary(content, name, vocabulary, entries)
    except YamlFault as fault:
        return Content(rejected=[Rejected(file=name, line=fault.line, reason=fault.reason)])
    return content


def write(terms: Sequence[Mapping[str, Any]]) -> str:
    """The text of a file with these terms, each a mapping of the fields that `read` takes and `vocabulary`."""
    shelves: dict[str, list[dict[str, Any]]] = {}
    for term in terms:
        shelf = shelves.setdefault(term["vocabulary"], [])
        shelf.append({name: value for name, value in term.items() if name != "vocabulary"})
    header = "# The words of the library. A tag in a content file must stand here.\n\n"
    return header + yaml.dump(shelves, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=110)


def _vocabularies(root: Node) -> Iterator[tuple[Node, Node]]:
    if root.kind == "text" and root.value is None:
        return
    if root.kind != "mapping":
        raise YamlFault(root.line, "a taxonomy file names vocabularies, each with a list of terms, like `personas:`")
    entries = list(root.fields().values())
    if sum(len(entry.value or ()) for _, entry in entries if entry.kind == "list") > MOST_TERMS:
        raise YamlFault(1, f"the file has more than {MOST_TERMS:,} terms")
    yield from entries


def _read_vocabulary(content: Content, file: str, name: Node, entries: Node) -> None:
    try:
        _require_vocabulary_name(name)
        if entries.kind != "list" and entries.value is not None:
            raise YamlFault(entries.line, f"{name.value} is a list of terms, each beginning with `- key:`")
    except YamlFault as fault:
        content.rejected.append(Rejected(file=file, line=fault.line, reason=fault.reason))
        return
    lines: dict[str, int] = {}
    claimed: dict[str, tuple[str, int]] = {}
    for entry in entries.value or ():
        try:
            statement = _statement(name.value, entry)
            if statement.key in lines:
                raise YamlFault(entry.line, f"{name.value} has {statement.key} already, in line {lines[statement.key]}")
            _claim_deal_stages(claimed, name.value, statement.key, entry)
        except YamlFault as fault:
            content.rejected.append(Rejected(file=file, line=fault.line, reason=fault.reason))
        else:
            lines[statement.key] = entry.line
            content.statements.append(statement)


def _require_vocabulary_name(name: Node) -> None:
    if not is_vocabulary_name(name.value):
        raise YamlFault(name.line, f"{shown(name.value)} cannot name a vocabulary: use lower-case words joined by _")
    if name.value in _CONTENT_FIELDS:
        raise YamlFault(name.line, f"{name.value} is a field of content files and cannot name a vocabulary")


def _statement(vocabulary: str, entry: Node) -> Statement:
    if entry.kind != "mapping":
        raise YamlFault(entry.line, "a term has a key and a label: `- key: cfo`, then `label: Chief financial officer`")
    fields = {name: value for name, (_, value) in entry.fields().items()}
    plain = {name: node.plain for name, node in fields.items()}
    if plain.get("key") is None:
        label = plain.get("label")
        proposal = f"; say key: {key_from(label, ())}" if isinstance(label, str) else ""
        raise YamlFault(entry.line, f"this term has no key{proposal}")
    if plain.get("label") is None:
        raise YamlFault(entry.line, f"{shown(str(plain['key']))} has no label")
    former = plain.pop("former_keys", None)
    draft = _draft(plain, fields, entry)
    return Statement(vocabulary, draft.key or "", entry.line, draft, _former_keys(former, fields, draft))


def _draft(plain: dict[str, Any], fields: Mapping[str, Node], entry: Node) -> TermDraft:
    given: dict[str, Any] = {"key": plain.pop("key"), "label": plain.pop("label"), "text": {}}
    if "confirmed" in plain:
        given["confirmed"] = _truth(plain.pop("confirmed"), fields["confirmed"])
    for name, value in plain.items():
        if name == "synonyms":
            given[name] = [] if value is None else value
        elif name == "owners":
            given[name] = _owners(value, fields[name])
        elif name in RESERVED:
            raise YamlFault(fields[name].line, f"{name} is not written here; terms are shown in the order of this list")
        else:
            given["text"][name] = _text(name, value, fields[name])
    try:
        return TermDraft.model_validate(given)
    except ValidationError as error:
        raise _invalid(error, fields, entry) from None


def _owners(value: Any, node: Node) -> Any:
    if value is not None and (not isinstance(value, dict) or set(value) - {"marketing", "sales"}):
        raise YamlFault(
            node.line, "owners names one person of each team: {marketing: ana@example.com, sales: ben@example.com}"
        )
    return value or {}


def _truth(value: Any, node: Node) -> bool:
    if value not in {"true", "false"}:
        raise YamlFault(node.line, "confirmed is true or false")
    return bool(value == "true")


def _text(name: str, value: Any, node: Node) -> str | list[str]:
    if node.kind == "mapping" or (node.kind == "list" and any(part.kind != "text" for part in node.value)):
        raise YamlFault(node.line, f"{shown(name)} is a text or a list of texts")
    return "" if value is None else [part or "" for part in value] if node.kind == "list" else value


def _invalid(error: ValidationError, fields: Mapping[str, Node], entry: Node) -> YamlFault:
    """The first mistake, in the line where it stands."""
    mistakes = error.errors(include_url=False, include_context=False, include_input=False)
    # A text may be a list too: that it's not the one says nothing when it's a bad one of the other.
    telling = [it for it in mistakes if it["loc"][0] != "text" or it["type"] not in {"string_type", "list_type"}]
    mistake = (telling or mistakes)[0]
    name, *inner = mistake["loc"][1:] if mistake["loc"][0] == "text" and mistake["loc"][1:] else mistake["loc"]
    node = fields.get(str(name), entry)
    for part in inner:
        if node.kind == "list" and isinstance(part, int):
            node = node.value[part]
        elif node.kind == "mapping" and part in (parts := node.fields()):
            node = parts[str(part)][1]
    return YamlFault(node.line, f"{shown(str(name))}: {mistake['msg'].removeprefix('Value error, ')}")


def _former_keys(value: Any, fields: Mapping[str, Node], draft: TermDraft) -> tuple[str, ...]:
    if value is None:
        return ()
    keys = value if isinstance(value, list) else [value]
    for key in keys:
        try:
            TermDraft(key=key, label=draft.label)
        except ValidationError:
            raise YamlFault(fields["former_keys"].line, "former_keys is a list of keys") from None
    return tuple(dict.fromkeys(keys))


def _claim_deal_stages(claimed: dict[str, tuple[str, int]], vocabulary: str, key: str, entry: Node) -> None:
    node = entry.fields().get("deal_stages", (None, None))[1]
    if node is None or not node.value:
        return
    if vocabulary != "stages" or node.kind != "list":
        raise YamlFault(node.line, "deal_stages is a list, of a buyer-journey stage only")
    for stage in node.value:
        stated = (stage.value or "").casefold()
        if stated in claimed:
            other, line = claimed[stated]
            message = f"the deal stage {shown(stage.value or '')} belongs to {other} already, in line {line}"
            raise YamlFault(stage.line, message)
    claimed |= {(stage.value or "").casefold(): (key, stage.line) for stage in node.value}
