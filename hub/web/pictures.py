"""Pictures in texts: shown from the hub itself and from the sites that an operator named; any other becomes a link.

A remote picture tells its site who reads what and when, and a browser may not load it under our policy anyway: so it
is said in words where it is. The HTML is the sanitiser's, so whatever looks like a tag is one.
"""

import re
from collections.abc import Sequence
from html import escape, unescape
from urllib.parse import urlsplit

_PICTURE = re.compile(r"<img((?: [a-z-]+(?:=\"[^\"]*\")?)*) ?/?>")
_SOURCE, _WORDS = re.compile(r' src="([^"]*)"'), re.compile(r' alt="([^"]*)"')


def only_from(origins: Sequence[str], html: str) -> str:
    """The same HTML with every picture from elsewhere as a link to it. `origins` are as in the settings."""

    def shown(picture: re.Match[str]) -> str:
        source = _SOURCE.search(picture[1])
        address = unescape(source[1]) if source else ""
        found = urlsplit(address)
        if (not found.netloc and not found.scheme) or f"{found.scheme}://{found.netloc}".lower() in origins:
            return picture[0]
        words = _WORDS.search(picture[1])
        told = unescape(words[1]) if words and words[1] else "Picture"
        if found.scheme not in ("http", "https"):
            return escape(told)
        link = f'<a href="{escape(address)}" rel="noopener noreferrer">{escape(told)}</a>'
        return f'<span class="elsewhere">{link} (a picture on {escape(found.netloc)})</span>'

    return _PICTURE.sub(shown, html)
