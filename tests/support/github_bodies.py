"""What the double of GitHub's API stores, and the bodies of its replies, with every key that GitHub promises."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Any

TIME = "2026-01-01T00:00:{:02d}Z"
BOT = "github-actions[bot]"


@dataclass
class Reply:
    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    kind: str = "reply"  # or how the connection fails, see Fault


@dataclass
class Asset:
    id: int
    release: int
    name: str
    content: bytes
    content_type: str
    state: str = "uploaded"
    created: str = ""  # the beginning of 2026, in the order of the ids


def missing() -> Reply:
    return Reply(404, {"message": "Not Found", "documentation_url": "", "status": "404"})


def forbidden() -> Reply:
    return Reply(403, {"message": "Resource not accessible by integration", "documentation_url": "", "status": "403"})


def invalid(resource: str, code: str, name: str, message: str = "") -> Reply:
    errors = [{"resource": resource, "code": code, "field": name} | ({"message": message} if message else {})]
    return Reply(422, {"message": "Validation Failed", "documentation_url": "", "errors": errors})


class Bodies:
    """Writes bodies from the state of the double."""

    repository: str
    releases: dict[int, dict[str, Any]]
    assets: dict[int, Asset]
    problems: list[str]
    page_size: int
    digests: bool

    def _url(self, server: str) -> str:
        raise NotImplementedError

    def _page(self, entries: list[Any], query: dict[str, str], path: str) -> Reply:
        page, size = int(query.get("page", 1)), min(int(query.get("per_page", 30)), self.page_size)
        shown = entries[(page - 1) * size : page * size]
        if page * size >= len(entries):
            return Reply(200, shown)
        link = f"{self._url('api')}/repos/{self.repository}{path}?per_page={size}&page="
        last = -(-len(entries) // size)
        return Reply(200, shown, {"Link": f'<{link}{page + 1}>; rel="next", <{link}{last}>; rel="last"'})

    def _release(self, release: dict[str, Any]) -> dict[str, Any]:
        url = f"{self._url('api')}/repos/{self.repository}/releases/{release['id']}"
        uploads = f"{self._url('uploads')}/repos/{self.repository}/releases/{release['id']}"
        page = f"https://github.example/{self.repository}/releases"
        return {
            **{key: release[key] for key in ("id", "tag_name", "name", "body", "prerelease", "draft", "immutable")},
            "url": url,
            "assets_url": f"{url}/assets",
            "upload_url": f"{uploads}/assets{{?name,label}}",
            "html_url": f"{page}/tag/{self._tag_in_urls(release)}",
            "tarball_url": None,
            "zipball_url": None,
            "node_id": "R",
            "target_commitish": "main",
            "created_at": TIME.format(0),
            "published_at": None if release["draft"] else TIME.format(0),
            "author": self._user(release["author"], "User") if release["author"] else self._user(BOT, "Bot"),
            "assets": [self._asset(asset) for asset in self.assets.values() if asset.release == release["id"]],
        }

    def _tag_in_urls(self, release: dict[str, Any]) -> str:
        """A draft has addresses without its tag."""
        return f"untagged-{release['id']}" if release["draft"] else str(release["tag_name"])

    def _asset(self, asset: Asset) -> dict[str, Any]:
        tag = self._tag_in_urls(self.releases[asset.release])
        return {
            "id": asset.id,
            "name": asset.name,
            "content_type": asset.content_type,
            "size": len(asset.content),
            "digest": f"sha256:{hashlib.sha256(asset.content).hexdigest()}" if self.digests else None,
            "state": asset.state,
            "url": f"{self._url('api')}/repos/{self.repository}/releases/assets/{asset.id}",
            "node_id": "A",
            "download_count": 0,
            "label": "",
            "uploader": self._user(BOT, "Bot"),
            "browser_download_url": f"https://github.example/{self.repository}/releases/download/{tag}/{asset.name}",
            "created_at": asset.created or TIME.format(asset.id % 60),
            "updated_at": asset.created or TIME.format(asset.id % 60),
        }

    def _comment(self, comment: dict[str, Any]) -> dict[str, Any]:
        url = f"{self._url('api')}/repos/{self.repository}/issues"
        page = f"https://github.example/{self.repository}/pull/{comment['issue']}#issuecomment-{comment['id']}"
        return {
            "id": comment["id"],
            "node_id": "C",
            "body": comment["body"],
            "url": f"{url}/comments/{comment['id']}",
            "issue_url": f"{url}/{comment['issue']}",
            "html_url": page,
            "user": self._user(comment["login"], comment["type"]),
            "author_association": "NONE",
            "created_at": TIME.format(0),
            "updated_at": TIME.format(0),
        }

    def _status(self, sha: str, data: dict[str, Any]) -> dict[str, Any]:
        return {
            "url": f"{self._url('api')}/repos/{self.repository}/statuses/{sha}",
            "avatar_url": None,
            "id": 1,
            "node_id": "S",
            **{key: data.get(key) for key in ("state", "description", "target_url", "context")},
            "created_at": TIME.format(0),
            "updated_at": TIME.format(0),
            "creator": self._user(BOT, "Bot"),
        }

    def _user(self, login: str | None, kind: str) -> dict[str, Any]:
        url = f"{self._url('api')}/users/x"
        addresses = ("followers", "following", "gists", "starred", "subscriptions", "organizations", "repos", "events")
        counts = ("followers", "following", "public_gists", "public_repos", "collaborators", "disk_usage")
        private = ("owned_private_repos", "private_gists", "total_private_repos")
        return {
            "login": login,
            "id": 1,
            "node_id": "U",
            "type": kind,
            "site_admin": False,
            "gravatar_id": "",
            "url": url,
            "avatar_url": url,
            "html_url": url,
            "received_events_url": url,
            **{f"{name}_url": url for name in addresses},
            **dict.fromkeys((*counts, *private), 0),
            **dict.fromkeys(("bio", "blog", "company", "email", "hireable", "location", "name")),
            "two_factor_authentication": True,
            "user_view_type": "private",
            "created_at": TIME.format(0),
            "updated_at": TIME.format(0),
        }
