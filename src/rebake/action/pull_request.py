"""What a run writes on GitHub: one comment on the pull request, one status on the commit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from github import Github, GithubException
from github.IssueComment import IssueComment
from github.Repository import Repository

from rebake.store.retries import Retries

StatusState = Literal["success", "failure", "error", "pending"]

MAX_DESCRIPTION = 140  # characters of a commit status


class PullRequests:
    """The comments and commit statuses of one repository."""

    def __init__(self, client: Github, repository: Repository, retries: Retries) -> None:
        self._client = client
        self._repository = repository
        self._retries = retries

    def write_comment(
        self, number: int, text: str, earlier_start: tuple[str, str] | None = None, *, recreate: bool = False
    ) -> str:
        """Write the comment, or update the one that an earlier run wrote; its address. One that is the same stays.

        The first line of ``text`` is the marker that it is known by. Somebody else's comment with the marker is left
        alone: people cannot be bots, and a comment of a person counts only if the token is that person's.

        Args:
            number: of the pull request.
            text: of the comment.
            earlier_start: the first two lines that earlier versions wrote; other assistants may share the first, a
                marker, and the second names the assistant.
            recreate: delete the earlier one and write another, which stands below all that was said since.

        Raises:
            StorageError: the API refuses, or cannot be reached.
        """

        def update_or_create() -> str:
            issue = self._repository.get_issue(number)
            mark = text.split("\n", 1)[0]
            starts: list[tuple[str, ...]] = [(mark,)] if earlier_start is None else [(mark,), earlier_start]
            ours = [comment for comment in issue.get_comments() if self._is_ours(comment, starts)]
            ours.sort(key=lambda comment: not (comment.body or "").startswith(mark))
            kept = ours[:1] if not recreate or (ours and _is_same(ours[0].body, text)) else []
            for surplus in ours[len(kept) :]:  # two runs at once may each have written one
                surplus.delete()
            if not kept:
                return _address(issue.create_comment(text))
            if not _is_same(kept[0].body, text):
                kept[0].edit(text)
            return _address(kept[0])

        return self._retries(update_or_create, "writing the comment")

    def set_status(self, commit: str, state: StatusState, description: str, context: str, url: str) -> None:
        """Set a commit status. Raises StorageError."""
        short = description if len(description) <= MAX_DESCRIPTION else f"{description[: MAX_DESCRIPTION - 1]}…"
        values = {"state": state, "description": short, "context": context, "target_url": url}

        def send() -> None:
            url = f"{self._repository.url}/statuses/{commit}"
            _, answer = self._repository.requester.requestJsonAndCheck("POST", url, input=values)
            if answer["state"] != state:
                raise ValueError("the answer is not the status")

        self._retries(send, "setting the commit status")

    def _is_ours(self, comment: IssueComment, starts: Sequence[tuple[str, ...]]) -> bool:
        lines = tuple(line.strip() for line in (comment.body or "").split("\n", 2))
        if comment.user is None or not any(lines[: len(start)] == start for start in starts):  # None: the user is gone
            return False
        return comment.user.type == "Bot" or comment.user.login == self._own_login()

    def _own_login(self) -> str | None:
        """Whose token this is; a job's own token belongs to no person, and GitHub refuses to say."""
        try:
            return self._client.get_user().login
        except GithubException as error:
            if error.status in (401, 403):
                return None
            raise


def _is_same(body: str | None, text: str) -> bool:
    """Whether a comment says this already. GitHub may change line ends, and strips what is blank at the end."""
    return (body or "").replace("\r\n", "\n").strip() == text.strip()


def _address(comment: IssueComment) -> str:
    """Raises TypeError where the answer to a write is something else, such as a page of a proxy."""
    url = comment.html_url
    if not isinstance(url, str):
        raise TypeError("the answer is no comment")
    return url
