"""What a document is in tantivy: the fields, and how a `Document` becomes one.

All text is tokenised by `analysis` and handed over as tokens between spaces, so that the index, the readings and
the questions agree on what a word is. One catch-all field carries the score (`whole`, title and summary fed
twice); the sum over single fields was measured to be much worse. `parts` holds every title and heading as one
term, so that what is typed word for word is a candidate however frequent its words are.
"""

import hashlib
import json
from collections.abc import Iterable
from importlib.metadata import version

import tantivy

from hub.search.analysis import ANALYSIS_VERSION, stems, tokens
from hub.search.configuration import PLANNER_VERSION, Configuration
from hub.search.documents import Document, Shown, Texts, day

SPACED = "spaced"
_PART, ASSET, PAGES = "part", "asset", "pages"


class IndexSchema:
    """The fields of an index under one configuration."""

    def __init__(self, configuration: Configuration) -> None:
        self.facets = configuration.facets
        builder = tantivy.SchemaBuilder()
        builder.add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
        builder.add_text_field(_PART, tokenizer_name="raw", index_option="basic")
        builder.add_text_field("parts", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("visible_to", tokenizer_name="raw", index_option="basic")
        builder.add_text_field("whole", tokenizer_name=SPACED, index_option="position")
        builder.add_text_field("attached", tokenizer_name=SPACED, index_option="position")
        for name in ("whole_stems", "attached_stems", "title", "headings", "summary"):
            builder.add_text_field(name, tokenizer_name=SPACED, index_option="freq")
        for name in self.facets:
            builder.add_text_field(name, fast=True, tokenizer_name="raw", index_option="basic")
        for name in ("updated", "updated_day", "review_by", "expires_on", "standing"):
            builder.add_integer_field(name, fast=True, indexed=True)
        builder.add_float_field("evidence", fast=True, indexed=True)
        builder.add_unsigned_field("evidence_band", fast=True, indexed=True)
        for name in ("reading", "shown", "pages"):
            builder.add_bytes_field(name, stored=True)
        self.schema = builder.build()
        inner = json.dumps([self.facets, ANALYSIS_VERSION, PLANNER_VERSION, version("tantivy")])
        self.fingerprint = hashlib.blake2b(inner.encode(), digest_size=5).hexdigest()

    def prepare(self, index: tantivy.Index) -> tantivy.Index:
        """Register what tantivy does not keep with the index."""
        spaces = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
        index.register_tokenizer(SPACED, spaces)
        raw = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.raw()).build()
        index.register_fast_field_tokenizer("raw", raw)
        index.config_reader("manual")  # no thread of tantivy's that reads files unasked, perhaps broken ones
        return index

    def entries(self, document: Document) -> list[tantivy.Document]:
        """The document, and a companion with its attachments' text: kept apart because candidates are read by
        the dozen and a long PDF in each would be what a question costs. Both go by the same id."""
        entry = self._asset(document)
        if not document.attachments:
            return [entry]
        pages = [[file.name, list(file.pages)] for file in document.attachments]
        companion = tantivy.Document()
        companion.add_text("id", document.id)
        companion.add_text(_PART, PAGES)
        companion.add_bytes("pages", _json(pages))
        return [entry, companion]

    def _asset(self, document: Document) -> tantivy.Document:
        texts = Texts.of(document)
        stemmed = texts.stemmed(document.language)
        entry = tantivy.Document()
        entry.add_text("id", document.id)
        entry.add_text(_PART, ASSET)
        _add_all(entry, "visible_to", document.visible_to)
        _add_all(entry, "whole", _fed(texts))
        _add_all(entry, "whole_stems", _fed(stemmed))
        for name in ("title", "headings", "summary"):
            entry.add_text(name, texts.flat(name))
        _add_all(entry, "parts", {" ".join(part) for part in (*texts.fields[0], *texts.fields[2])})
        for page in (page for file in document.attachments for page in (file.name, *file.pages)):
            words = tokens(page)
            entry.add_text("attached", " ".join(words))
            entry.add_text("attached_stems", " ".join(stems(words, document.language)))
        for facet in self.facets:
            _add_all(entry, facet, document.values(facet))
        entry.add_integer("updated", document.updated())
        entry.add_integer("updated_day", document.updated_at.date().toordinal())
        entry.add_integer("review_by", day(document.review_by))
        entry.add_integer("expires_on", day(document.expires_on))
        entry.add_integer("standing", (document.evidence_band << 40) + document.updated())
        entry.add_float("evidence", document.evidence)
        entry.add_unsigned("evidence_band", document.evidence_band)
        entry.add_bytes("reading", texts.read(stemmed).encode())
        entry.add_bytes("shown", _json(Shown.of(document, texts).as_json()))
        return entry


def _fed(texts: Texts) -> Iterable[str]:
    title, summary, headings, body, tags = texts.fields
    for part in (*title, *title, *summary, *summary, *headings, *body, *tags):
        yield " ".join(part)


def _add_all(entry: tantivy.Document, name: str, values: Iterable[str]) -> None:
    for value in values:
        if value:
            entry.add_text(name, value.encode("utf-8", "replace").decode())


def _json(content: object) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
