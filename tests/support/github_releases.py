"""Releases and their assets, as GitHub treats them: drafts, immutable releases, lists that lag behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from support.github_bodies import Asset, Bodies, Reply, invalid, missing

UPLOAD_REFUSED = Reply(422, {"message": "Cannot upload assets to an immutable release.", "documentation_url": ""})
CHANGE_REFUSED = Reply(422, {"message": "Cannot change assets of an immutable release.", "documentation_url": ""})
USED = "tag_name was used by an immutable release"


class ReleaseRoutes(Bodies):
    """The part of the double that answers for releases.

    Attributes:
        immutable_releases: the repository's setting: what is published from now on takes no asset any more.
        lag: from how many lists a release or an asset is still missing after it was made.
        used_tags: of immutable releases that were deleted; no other release gets them.
        digests: whether the server knows digests of assets; older ones do not.
        latest: the tag of the release that GitHub calls the latest.
    """

    read_only: bool
    immutable_releases: bool
    lag: int
    latest: str | None
    hidden: dict[int, int]
    used_tags: set[str]
    _ids: Iterator[int]

    def release_routes(self) -> list[tuple[str, Callable[..., Reply]]]:
        return [
            (r"GET /releases", self._list_releases),
            (r"GET /releases/tags/([^/]+)", self._get_release_by_tag),
            (r"POST /releases", self._create_release),
            (r"GET /releases/(\d+)", self._get_release),
            (r"PATCH /releases/(\d+)", self._edit_release),
            (r"DELETE /releases/(\d+)", self._delete_release),
            (r"GET /releases/(\d+)/assets", self._list_assets),
            (r"POST /releases/(\d+)/assets", self._upload),
            (r"GET /releases/assets/(\d+)", self._get_asset),
            (r"PATCH /releases/assets/(\d+)", self._rename_asset),
            (r"DELETE /releases/assets/(\d+)", self._delete_asset),
        ]

    def release(self, tag: str) -> dict[str, Any] | None:
        """The published release of a tag."""
        return next((r for r in self.releases.values() if r["tag_name"] == tag and not r["draft"]), None)

    def drafts(self, tag: str) -> list[dict[str, Any]]:
        return [release for release in self.releases.values() if release["tag_name"] == tag and release["draft"]]

    def add_release(self, tag: str, **more: Any) -> dict[str, Any]:
        number = next(self._ids)
        flags = {"draft": False, "prerelease": False, "immutable": False, "author": None}
        self.releases[number] = {"id": number, "tag_name": tag, "name": tag, "body": "", **flags, **more}
        return self.releases[number]

    def add_asset(self, release: int, name: str, content: bytes, state: str = "uploaded") -> Asset:
        asset = Asset(next(self._ids), release, name, content, "application/octet-stream", state)
        self.assets[asset.id] = asset
        return asset

    def _listed(self, number: int) -> bool:
        """Whether a list has it by now."""
        if self.hidden.get(number, 0) == 0:
            return True
        self.hidden[number] -= 1
        return False

    def _is_visible(self, release: dict[str, Any]) -> bool:
        return not release["draft"] or not self.read_only

    def _list_releases(self, *, query: dict[str, str], **_: Any) -> Reply:
        shown = [r for r in reversed(self.releases.values()) if self._is_visible(r) and self._listed(r["id"])]
        return self._page([self._release(release) for release in shown], query, "/releases")

    def _get_release_by_tag(self, tag: str, **_: Any) -> Reply:
        release = self.release(tag)
        return Reply(200, self._release(release)) if release and self._listed(release["id"]) else missing()

    def _get_release(self, number: str, **_: Any) -> Reply:
        release = self.releases.get(int(number))
        return Reply(200, self._release(release)) if release and self._is_visible(release) else missing()

    def _create_release(self, *, data: Any, **_: Any) -> Reply:
        is_draft, is_prerelease = data.get("draft", False), data.get("prerelease", False)
        if not is_draft and self.release(data["tag_name"]) is not None:
            return invalid("Release", "already_exists", "tag_name")
        if not is_draft and data["tag_name"] in self.used_tags:
            return invalid("Release", "custom", "tag_name", USED)
        if (is_draft or is_prerelease) and data.get("make_latest", "true") == "true" and "make_latest" in data:
            return invalid("Release", "custom", "make_latest")
        notes = [data.get("body") or "", "## What's Changed" if data.get("generate_release_notes") else ""]
        release = self.add_release(
            data["tag_name"],
            name=data.get("name", ""),
            body="\n".join(filter(None, notes)),
            prerelease=is_prerelease,
            draft=is_draft,
            immutable=self.immutable_releases and not is_draft,
            make_latest=data.get("make_latest"),
            target=data.get("target_commitish"),
        )
        self.hidden[release["id"]] = self.lag
        self._see_latest(release, data)
        return Reply(201, self._release(release))

    def _edit_release(self, number: str, *, data: Any, **_: Any) -> Reply:
        release = self.releases.get(int(number))
        if release is None:
            return missing()
        if release["immutable"] and {"draft", "tag_name"} & data.keys():
            return invalid("Release", "custom", "draft")
        becomes_public = release["draft"] and data.get("draft") is False
        if becomes_public and self.release(release["tag_name"]) is not None:
            return invalid("Release", "already_exists", "tag_name")
        if becomes_public and release["tag_name"] in self.used_tags:
            return invalid("Release", "custom", "tag_name", USED)
        is_draft, is_prerelease = data.get("draft", release["draft"]), data.get("prerelease", release["prerelease"])
        if data.get("make_latest") == "true" and (is_draft or is_prerelease):
            return invalid("Release", "custom", "make_latest")
        release.update(data)
        if becomes_public:
            release["immutable"] = self.immutable_releases
            self._see_latest(release, data)
        return Reply(200, self._release(release))

    def _see_latest(self, release: dict[str, Any], data: Any) -> None:
        is_public = not (release["draft"] or release["prerelease"])
        if is_public and data.get("make_latest", "true") != "false":
            self.latest = release["tag_name"]

    def _delete_release(self, number: str, **_: Any) -> Reply:
        release = self.releases.pop(int(number), None)
        if release is None:
            return missing()
        if release["immutable"]:
            self.used_tags.add(release["tag_name"])
        self.assets = {key: asset for key, asset in self.assets.items() if asset.release != int(number)}
        return Reply(204)

    def _list_assets(self, number: str, *, query: dict[str, str], **_: Any) -> Reply:
        release = self.releases.get(int(number))
        if release is None or not self._is_visible(release):
            return missing()
        assets = [a for a in self.assets.values() if a.release == int(number) and self._listed(a.id)]
        return self._page([self._asset(asset) for asset in assets], query, f"/releases/{number}/assets")

    def _is_immutable(self, release: int) -> bool:
        return bool(self.releases[release]["immutable"])

    def _upload(self, number: str, *, query: dict[str, str], headers: dict[str, str], body: bytes, **_: Any) -> Reply:
        release = int(number)
        if release not in self.releases:
            return missing()
        if self._is_immutable(release):
            return UPLOAD_REFUSED
        name = re.sub(r"[^A-Za-z0-9._-]", ".", query["name"])
        if any(asset.release == release and asset.name == name for asset in self.assets.values()):
            return invalid("ReleaseAsset", "already_exists", "name")
        asset = self.add_asset(release, name, body)
        self.hidden[asset.id] = self.lag
        asset.content_type = headers["content-type"]
        asset.created = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Reply(201, self._asset(asset))

    def _get_asset(self, number: str, *, headers: dict[str, str], **_: Any) -> Reply:
        asset = self.assets.get(int(number))
        if asset is None or not self._is_visible(self.releases[asset.release]):
            return missing()
        if headers.get("accept") == "application/octet-stream":
            return Reply(302, headers={"Location": f"{self._url('files')}/{number}?signature=abc"})
        return Reply(200, self._asset(asset))

    def _rename_asset(self, number: str, *, data: Any, **_: Any) -> Reply:
        asset = self.assets.get(int(number))
        if asset is None:
            return missing()
        if self._is_immutable(asset.release):
            return CHANGE_REFUSED
        if any(o.release == asset.release and o.name == data["name"] and o is not asset for o in self.assets.values()):
            return Reply(422, {"message": "Validation Failed", "errors": [{"code": "already_exists"}]})
        asset.name = data["name"]
        return Reply(200, self._asset(asset))

    def _delete_asset(self, number: str, **_: Any) -> Reply:
        asset = self.assets.get(int(number))
        if asset is None:
            return missing()
        if self._is_immutable(asset.release):
            return CHANGE_REFUSED
        del self.assets[asset.id]
        return Reply(204)

    def cut_upload(self, number: str, query: dict[str, str]) -> None:
        """What remains of an upload whose connection broke: an asset that takes the name and cannot be downloaded."""
        if int(number) in self.releases and not self._is_immutable(int(number)):
            self.add_asset(int(number), query["name"], b"", state="open")

    def _file(self, path: str, headers: dict[str, str]) -> Reply:
        if "authorization" in headers:
            self.problems.append("the host of the files was sent an Authorization header")
        asset = self.assets.get(int(path.strip("/")))
        return Reply(200, raw=asset.content) if asset else Reply(404, raw=b"gone")
