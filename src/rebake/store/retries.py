"""Calls to GitHub that fail for a moment are tried again; those that fail for good say what to do."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import requests
from github import GithubException
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential

from rebake.errors import AccessDeniedError, ImmutableReleaseError, RateLimitError, StorageError

logger = logging.getLogger("rebake")

T = TypeVar("T")

ATTEMPTS = 5
LONGEST_WAIT = 120.0  # seconds; a rate limit that lasts longer ends the run with a message

_BACKOFF = wait_exponential(multiplier=1)  # 1, 2, 4, 8 s
_BACKOFF_WHEN_THROTTLED = wait_exponential(multiplier=4, max=LONGEST_WAIT)  # 4, 8, 16, 32 s


class ReplyError(Exception):
    """A reply to one of our own requests (assets) that is no success."""

    def __init__(self, status: int, message: str, headers: Mapping[str, str]) -> None:
        super().__init__(f"{status} {message}")
        self.status = status
        self.message = message
        self.headers = headers


class NotYetVisibleError(Exception):
    """A 404 for what exists, as GitHub's answers lag behind its writes; waiting helps."""


class NotListedError(Exception):
    """GitHub says that an asset exists, and does not list it yet; waiting helps."""


class CorruptTransferError(Exception):
    """The bytes that came are not those that were sent; trying again may help."""


@contextmanager
def visible_soon() -> Iterator[None]:
    """A 404 for what we hold the id of means that it is not visible yet: worth another try."""
    try:
        yield
    except (GithubException, ReplyError) as error:
        if error.status == 404:
            raise NotYetVisibleError("404 Not Found") from error
        raise


# What GitHub refuses, and what happens on the way there.
_EXPECTED = (
    GithubException,
    ReplyError,
    CorruptTransferError,
    NotYetVisibleError,
    NotListedError,
    requests.RequestException,
    OSError,
)
# An answer of another form than GitHub describes: a proxy's page in place of JSON, a list in place of an object.
_MISREAD = (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError)
# Requests that cannot be sent at all. Their messages repeat what was to be sent, such as a token.
_UNSENDABLE = (
    requests.exceptions.InvalidHeader,
    requests.exceptions.InvalidSchema,
    requests.exceptions.InvalidURL,
    requests.exceptions.MissingSchema,
)
_WORDS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (requests.Timeout, "no answer in time"),
    (requests.ConnectionError, "no connection"),
    (_UNSENDABLE, "the request has an address or a header that cannot be sent"),
    (requests.TooManyRedirects, "too many redirects"),
    (requests.RequestException, "the answer broke off or cannot be read"),
)


@dataclass(frozen=True)
class Retries:
    """How often to try, and how to wait between tries.

    tenacity runs the loop; which failures are worth another try, and how long GitHub asks to wait, is decided here.
    PyGithub's own ``GithubRetry`` cannot serve: it sees single requests, so it would send a write again whose reply was
    lost, it does not know the requests that carry assets, and it waits an hour for a rate limit that lasts an hour.
    """

    attempts: int = ATTEMPTS
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.time
    server: str = "GitHub"  # what messages call it
    explain: Callable[[Exception, str], StorageError] | None = None  # by default, in GitHub's words

    def __call__(self, call: Callable[[], T], purpose: str) -> T:
        """Call until it works.

        ``call`` must bear being called twice after a success that it did not hear of: it looks before it creates.

        Args:
            call: raises GithubException, ReplyError, CorruptTransferError, NotYetVisibleError or an exception of
                requests.
            purpose: completes "GitHub: ... failed", e.g. "listing the release's assets".

        Raises:
            StorageError: it failed for good, or too often.
        """

        def log(state: RetryCallState) -> None:
            cause, wait = summary(_error(state)), state.upcoming_sleep
            logger.info("%s: %s failed (%s); trying again in %.0f s", self.server, purpose, cause, wait)

        retrying = Retrying(
            retry=retry_if_exception(self._may_pass),
            wait=self._wait,
            stop=stop_after_attempt(self.attempts),
            sleep=self.sleep,
            before_sleep=log,
            reraise=True,
        )
        try:
            return retrying(call)
        except (*_EXPECTED, *_MISREAD) as error:
            raise (self.explain or explain)(error, purpose) from error

    def _may_pass(self, error: BaseException) -> bool:
        """Whether another try may work, and soon."""
        if _is_throttled(error):
            return (self._asked_wait(error) or 0.0) <= LONGEST_WAIT
        passing = (requests.RequestException, CorruptTransferError, NotYetVisibleError, NotListedError)
        if isinstance(error, _UNSENDABLE):
            return False
        return isinstance(error, passing) or _status(error) >= 500

    def _wait(self, state: RetryCallState) -> float:
        """Seconds until the next try: what GitHub asks for, else ever longer."""
        error = _error(state)
        if not _is_throttled(error):
            return _BACKOFF(state)
        asked = self._asked_wait(error)
        return _BACKOFF_WHEN_THROTTLED(state) if asked is None else asked

    def _asked_wait(self, error: BaseException) -> float | None:
        """Seconds that the reply asks to wait; None where it names no time."""
        headers = _headers(error)
        try:
            if "retry-after" in headers:
                return max(0.0, float(headers["retry-after"]))
            if headers.get("x-ratelimit-remaining") == "0":
                return max(0.0, float(headers["x-ratelimit-reset"]) - self.clock()) + 1
        except (KeyError, ValueError):
            return None
        return None


def _error(state: RetryCallState) -> BaseException:
    """What the call has just raised."""
    error = None if state.outcome is None else state.outcome.exception()
    assert error is not None, "waits are between failed tries alone"
    return error


def _is_throttled(error: BaseException) -> bool:
    status = _status(error)
    return status == 429 or (status == 403 and _is_rate_limit(error, _headers(error)))


def explain(error: Exception, purpose: str) -> StorageError:
    """Return the error for the user to read."""
    kind: type[StorageError] = StorageError
    fix = None
    status = _status(error)
    message = _message(error).lower()
    if isinstance(error, _MISREAD) and not isinstance(error, OSError):
        logger.info("GitHub: %s failed", purpose, exc_info=error)
    if status == 401:
        kind = AccessDeniedError
        fix = "Check the input token: it has expired or belongs to another server."
    elif "immutable" in message:
        kind = ImmutableReleaseError
        fix = "Use a new tag: an immutable release takes no more files, and its tag no other release."
    elif "rule violation" in message:
        fix = "Let the ruleset allow the job to create this tag, or create the tag yourself."
    elif _is_rate_limit(error, _headers(error)):
        kind = RateLimitError
        fix = "Run the job again later."
    elif status in (403, 404) or isinstance(error, NotYetVisibleError):
        kind = AccessDeniedError
        fix = _permission(error)
    return kind(f"GitHub: {purpose} failed ({summary(error)}).", fix=fix)


def _permission(error: Exception) -> str:
    """The missing permission, which GitHub names for tokens of jobs."""
    named = _headers(error).get("x-accepted-github-permissions", "")
    needed = re.fullmatch(r"([a-z_]+)=(read|write)", named.split(",")[0].split(";")[0].strip())
    if needed is not None:
        permission = f"{needed[1].replace('_', '-')}: {needed[2]}"
        return f"Give the job the permission {permission} (docs/reference/action.md, Permissions)."
    return (
        "Give the job the permissions contents: write, pull-requests: write and statuses: write "
        "(docs/reference/action.md, Permissions)."
    )


def is_taken(error: Exception) -> bool:
    """Whether GitHub refused to create something because it exists already."""
    return _status(error) == 422 and "already_exists" in _message(error)


def all_messages(body: object, otherwise: str) -> str:
    """Return what a reply says is wrong: GitHub's message, and those of its ``errors``, which often say why."""
    if not isinstance(body, Mapping):
        return otherwise
    texts = [str(body.get("message") or otherwise)]
    errors = body.get("errors")
    for error in errors if isinstance(errors, list) else ():
        if isinstance(error, Mapping):
            texts += [str(error[key]) for key in ("code", "message") if error.get(key) not in (None, "", "custom")]
    return ": ".join(text for text in texts if text)


def _status(error: BaseException) -> int:
    return error.status if isinstance(error, (GithubException, ReplyError)) else 0


def _headers(error: BaseException) -> dict[str, str]:
    headers = error.headers if isinstance(error, (GithubException, ReplyError)) else None
    return {str(key).lower(): str(value) for key, value in (headers or {}).items()}


def _message(error: BaseException) -> str:
    if isinstance(error, GithubException):
        return all_messages(error.data, str(error.message or ""))
    return error.message if isinstance(error, ReplyError) else ""


def _is_rate_limit(error: BaseException, headers: Mapping[str, str]) -> bool:
    return (
        "retry-after" in headers
        or headers.get("x-ratelimit-remaining") == "0"
        or "rate limit" in _message(error).lower()
    )


def summary(error: BaseException) -> str:
    """Return status and the server's message, on one line; never a header, a URL's query or a body."""
    status = _status(error)
    if status:
        return " ".join(f"{status} {_message(error)}".split())[:200]
    if isinstance(error, requests.RequestException):  # its text may repeat what was sent
        return next(text for kinds, text in _WORDS if isinstance(error, kinds))
    if isinstance(error, _MISREAD) and not isinstance(error, OSError):
        return "the answer has another form than expected"
    return " ".join(str(error).split())[:200]
