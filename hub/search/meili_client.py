"""The official Meilisearch client on connections that stay open, and its errors as the engine wants them.

As it comes the client opens a connection for every call and keeps one dictionary of headers for all threads; and
it takes compressed answers, which Meilisearch sends in pieces that wait for each other (40 ms on a connection that
stays open). `_KeptAlive` is the one place that differs (docs/decisions/0015).
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

import requests
from meilisearch import Client
from meilisearch._httprequests import HttpRequests
from meilisearch.config import Config
from meilisearch.errors import MeilisearchApiError, MeilisearchCommunicationError, MeilisearchTimeoutError
from meilisearch.index import Index
from requests.adapters import HTTPAdapter

from hub.search.engine import SearchUnavailable

_CONNECTIONS = 64  # kept open: more than an entrance has threads
_CONNECTING = 1.0  # seconds until a server that does not take the connection counts as away

T = TypeVar("T")


class ServerAway(SearchUnavailable):
    """The server did not answer: not there, or too slow."""


class ConnectionLost(ServerAway):
    """There was no connection, or it went away under the request."""


class IndexMissing(SearchUnavailable):
    """The server has no such index."""


class DocumentMissing(SearchUnavailable):
    """The index has no such document."""


class TaskMissing(SearchUnavailable):
    """The server knows no such task: its data is another's, or the task was deleted."""


class TooLarge(SearchUnavailable):
    """The server takes no request of this size."""


class Connection:
    """One server as one key sees it, for any number of threads."""

    def __init__(self, url: str, key: str | None) -> None:
        self._url, self._key = url.rstrip("/"), key
        self._shown, self._is_address = _read(self._url)
        self._session = requests.Session()
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_CONNECTIONS)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)
        # The environment's proxies and certificates are looked up once and not for every question.
        where = self._url if self._is_address else ""
        found = self._session.merge_environment_settings(where, {}, None, None, None)
        self._session.proxies, self._session.verify = found["proxies"], found["verify"]
        self._session.trust_env = False
        self._session.headers["Accept-Encoding"] = "identity"

    def client(self, timeout: float) -> Client:
        """A client that waits so many seconds for an answer."""
        client = _Client(self._url, self._key)
        waits: Any = (min(_CONNECTING, timeout), timeout)  # `requests` takes the pair; the client hands it on
        client.config.timeout = waits
        client.http = client.task_handler.http = _KeptAlive(client.config, self._session)
        return client

    def call(self, client: Client, request: Callable[[Client], T]) -> T:
        """Raises `SearchUnavailable` with what went wrong and what helps; never with the key in it."""
        if not self._is_address:
            raise SearchUnavailable(f"HUB_MEILI_URL is {self._shown!r}; it must be like http://127.0.0.1:7700.")
        try:
            return request(client)
        except MeilisearchApiError as problem:
            raise self._refusal(problem) from problem
        except MeilisearchTimeoutError as problem:
            raise ServerAway(f"Meilisearch at {self._shown} took too long to answer.") from problem
        except (requests.exceptions.InvalidHeader, UnicodeError):
            raise SearchUnavailable("HUB_MEILI_KEY has characters that no key has. Set it anew.") from None
        except (requests.exceptions.InvalidJSONError, requests.exceptions.TooManyRedirects) as problem:
            message = f"What answers at {self._shown} is no Meilisearch server. Set HUB_MEILI_URL to one."
            raise SearchUnavailable(message) from problem
        except (MeilisearchCommunicationError, requests.RequestException) as problem:
            raise ConnectionLost(f"Meilisearch at {self._shown} cannot be reached{_reason(problem)}.") from problem

    def close(self) -> None:
        self._session.close()

    def _refusal(self, problem: MeilisearchApiError) -> SearchUnavailable:
        said = problem.message[:500]
        if problem.code == "index_not_found":
            return IndexMissing("The search index is not there. It must be rebuilt.")
        if problem.code == "document_not_found":
            return DocumentMissing(said)
        if problem.code == "task_not_found":
            return TaskMissing(said)
        if problem.status_code in (401, 403):
            return SearchUnavailable(f"Meilisearch refused the key in HUB_MEILI_KEY: {said}")
        if problem.status_code == 413:
            return TooLarge(f"Meilisearch refused what is too large for it: {said}")
        return SearchUnavailable(f"Meilisearch answered {problem.status_code}: {said}")


class _Client(Client):
    def index(self, uid: str) -> Index:
        found = super().index(uid)
        found.http = self.http
        return found


class _KeptAlive(HttpRequests):
    """The client's requests through a session. Each call has its own headers: the client writes into them."""

    def __init__(self, config: Config, session: requests.Session) -> None:
        super().__init__(config)
        self._session = session
        if not config.api_key:
            del self.headers["Authorization"]

    def send_request(self, http_method: Callable[..., Any], path: str, *body: Any, **more: Any) -> Any:
        own = copy.copy(self)
        own.headers = dict(self.headers)
        return super(_KeptAlive, own).send_request(getattr(self._session, http_method.__name__), path, *body, **more)


def _read(url: str) -> tuple[str, bool]:
    """An address as it may be shown, without name and password, and whether it is one."""
    try:
        parts = urlsplit(url)
        shown = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))
        return shown, parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        return url.rpartition("@")[2], False


def _reason(problem: BaseException) -> str:
    """What the operating system said, without the layers around it."""
    said = [one.strerror for one in _chain(problem) if isinstance(one, OSError) and one.strerror]
    return f" ({said[-1]})" if said else ""


def _chain(problem: BaseException | None) -> Iterator[BaseException]:
    while problem is not None:
        yield problem
        problem = problem.__cause__ or problem.__context__
