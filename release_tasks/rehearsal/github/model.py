"""What the GitHub stand-in knows: repositories, releases, assets, addresses."""

from __future__ import annotations

import hashlib
import itertools
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

JSON = dict[str, Any]
LOGIN = "rehearsal"  # the account behind every accepted token
_ids = itertools.count(1001)


@dataclass
class Asset:
    """A file of a release; its state is `starter` until all its bytes have arrived."""

    id: int
    name: str
    path: Path
    content_type: str
    label: str = ""
    state: str = "starter"
    size: int = 0
    digest: str = ""  # sha256:<hex>
    created: str = ""
    downloads: int = 0


@dataclass
class Release:
    """A release or a draft; `tag` is only a wish as long as it is a draft."""

    id: int
    tag: str
    target: str
    name: str | None = None
    body: str | None = None
    draft: bool = False
    prerelease: bool = False
    immutable: bool = False
    never_latest: bool = False
    created: str = ""
    published: str | None = None
    assets: dict[int, Asset] = field(default_factory=dict)

    @property
    def page(self) -> str:
        """Return the last part of its page's address: drafts hide their tag."""
        return (
            f"untagged-{hashlib.sha1(str(self.id).encode()).hexdigest()[:20]}"
            if self.draft
            else self.tag
        )


@dataclass
class Repository:
    """A repository: git data, releases, and what tests say of its checks and runs."""

    owner: str
    name: str
    path: Path
    files: Path  # assets, one file each
    immutable: bool = False
    releases: dict[int, Release] = field(default_factory=dict)
    latest: int = 0  # id of the release that was made latest by request
    used_tags: set[str] = field(default_factory=set)  # of immutable releases, for ever
    checks: dict[str, list[JSON]] = field(default_factory=dict)  # by commit; "" is any commit
    runs: dict[int, JSON] = field(default_factory=dict)
    statuses: dict[str, dict[str, JSON]] = field(default_factory=dict)  # by commit and context
    issues: list[JSON] = field(default_factory=list)
    milestones: list[JSON] = field(default_factory=list)
    lock: threading.RLock = field(default_factory=threading.RLock)  # one for all repositories

    @property
    def full(self) -> str:
        """Return OWNER/NAME."""
        return f"{self.owner}/{self.name}"

    def published(self, tag: str) -> Release | None:
        """Return the published release of a tag; a draft has no tag yet."""
        return next((r for r in self.releases.values() if r.tag == tag and not r.draft), None)


@dataclass(frozen=True)
class Urls:
    """The three addresses of a GitHub, as the client at hand reaches them."""

    api: str
    web: str
    uploads: str


def user(urls: Urls, login: str = LOGIN) -> JSON:
    """Return an account as the API shows it."""
    return {
        "login": login,
        "id": 1,
        "node_id": f"U_{login}",
        "type": "User",
        "site_admin": False,
        "name": login,
        "url": f"{urls.api}/users/{login}",
        "html_url": f"{urls.web}/{login}",
    }


def next_id() -> int:
    """Return a number that no other release, asset, run or issue has."""
    return next(_ids)


def now() -> str:
    """Return the time as the API writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
