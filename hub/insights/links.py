"""Where the rows behind a figure can be read: addresses of the API's own lists."""

from urllib.parse import urlencode

_API = "/api/v1"


def uses(slug: str) -> str:
    return f"{_API}/uses?{urlencode({'asset': slug})}"


def deals(**filters: str | list[str]) -> str:
    return f"{_API}/deals?{urlencode(filters, doseq=True)}"
