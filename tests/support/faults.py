"""How requests to GitHub fail, for tests that try each of them at each step."""

from __future__ import annotations

FAULTS = {
    "500": {"status": 500},
    "502": {"status": 502},
    "502 after acting": {"status": 502, "after_acting": True},
    "reset": {"kind": "reset"},
    "reset after acting": {"kind": "reset", "after_acting": True},
    "timeout": {"kind": "hang"},
    "cut": {"kind": "cut"},
    "a page in place of JSON": {"status": 200, "raw": b"<html>Sign in</html>"},
    "401": {"status": 401, "message": "Bad credentials"},
    "403": {"status": 403, "message": "Resource not accessible by integration"},
    "404": {"status": 404, "message": "Not Found"},
    "429": {"status": 429, "headers": {"Retry-After": "3"}},
    "secondary limit": {"status": 403, "message": "You have exceeded a secondary rate limit"},
}
PASSING = {"500", "502", "502 after acting", "reset", "reset after acting", "timeout", "cut", "429", "secondary limit"}
REFUSED = {"401", "403"}
