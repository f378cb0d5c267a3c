"""A small library of assets, all invented, on which both engines are asked the same."""

from hub.search.documents import REVIEWERS, Attachment, Document, Tag, person
from tests.factories.search import TODAY, document

BODY = "Buyers who compare total cost over three years see payback in nine months."


def library() -> list[Document]:
    return [
        document(
            "too-dear",
            "Objection: it costs too much",
            "When a buyer says the price is too high, compare the cost of waiting.\n\nNever discount first.",
            summary="What to answer when the budget is tight.",
            headings=("Why they say so", "What to answer", "Proof to bring"),
            kind="objection",
            personas=["cfo"],
            stages=["consideration", "decision"],
        ),
        document(
            "battlecard-acme",
            "Battlecard: Acme Analytics",
            "Acme wins on price and loses on security. Ask about audit logs.",
            headings=("Where we win", "Where they win"),
            kind="battlecard",
            personas=["cto"],
            stages=["consideration"],
            competitors=["acme"],
        ),
        document(
            "case-bank",
            "Case study: a bank halves its onboarding time",
            BODY,
            kind="case_study",
            personas=["cfo", "cto"],
            stages=["decision"],
            industries=["finance"],
        ),
        document(
            "security-faq",
            "Security questions and answers",
            "Data is encrypted at rest. We keep audit logs for two years.\n\nSingle sign-on is part of every plan.",
            headings=("Encryption", "Audit logs"),
            kind="faq",
            personas=["ciso"],
            stages=["decision"],
        ),
        document("expensive", "Expensive by choice", "Why the dearer offer saves money.", kind="one_pager"),
        document("koeln", "Büro in Köln", "Unsere Häuser und Preise in Köln.", language="de", kind="note"),
        document("tarifs", "Nos tarifs approuvés", "Les tarifs sont approuvés par la direction.", language="fr"),
        document("tokyo", "東京都の価格交渉", "価格交渉は慎重に進めます。", language="ja"),
        document(
            "html",
            'Use <script>alert(1)</script> & "quotes"',
            "A <b>bold</b> pricing claim & more.",
            kind="snippet",
        ),
        document(
            "report",
            "Yearly benchmark",
            "The file has the figures.",
            kind="one_pager",
            attachments=(
                Attachment("benchmark.pdf", ("Cover", "Contents", "Method", "Throughput of flamingo queries")),
            ),
        ),
        document("handbook", "Handbook for newcomers", "Where to begin on the first day.", kind="note", days_old=40),
        document("stale", "Quarterly outlook", "Numbers of the last quarter.", review_by=TODAY.replace(month=1)),
        document("gone", "Expired zebra offer", "A zebra discount.", expires_on=TODAY.replace(month=10)),
        document(
            "draft",
            "Draft about zebra pricing",
            "Nobody may read this yet.",
            status="draft",
            visible_to=(person(7), REVIEWERS),
            personas=["chief-of-secrets"],
        ),
        document("twin-a", "Renewal email alpha", "Ask early about the renewal.", kind="email_template"),
        document(
            "twin-b",
            "Renewal email alpha",
            "Ask early about the renewal.",
            kind="email_template",
            evidence_band=4,
            evidence_reason="proven to help in Decision",
        ),
        document(
            "labelled",
            "Talking to the person with the purse",
            "Short and with figures.",
            tags=(Tag("persona", "cfo", "Chief Financial Officer", ("finance lead", "bursar")),),
        ),
    ]
