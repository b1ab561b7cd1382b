"""What the local GitHub stores: repositories, releases, assets, addresses."""

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
    size: int = 0  # bytes
    digest: str = ""  # sha256:<hex>
    created: str = ""
    downloads: int = 0


@dataclass
class Release:
    """A release or a draft; the tag of a draft need not exist."""

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
        if not self.draft:
            return self.tag
        digest = hashlib.sha1(str(self.id).encode()).hexdigest()
        return f"untagged-{digest[:20]}"

    def asset(self, name: str) -> Asset | None:
        """Return the asset with a name, None where there is none."""
        for asset in self.assets.values():
            if asset.name == name:
                return asset
        return None


@dataclass
class Settings:
    """The settings of one repository, as a test or a rehearsal made them."""

    environments: dict[str, bool] = field(default_factory=dict)  # has reviewers
    secrets: list[str] = field(default_factory=list)
    default_rights: str = "read"  # of a workflow's token
    may_make_pull_requests: bool = False
    rules: dict[str, list[str]] = field(default_factory=dict)  # by branch


@dataclass
class Repository:
    """A repository: git data, releases, and the checks and runs that a test or rehearsal set."""

    owner: str
    name: str
    path: Path
    files: Path  # assets, one file each
    immutable: bool = False
    releases: dict[int, Release] = field(default_factory=dict)
    latest: int = 0  # id of the release that was made latest by request
    # by immutable releases, deleted ones too
    used_tags: set[str] = field(default_factory=set)
    # by commit; "" is any commit
    checks: dict[str, list[JSON]] = field(default_factory=dict)
    runs: dict[int, JSON] = field(default_factory=dict)
    # files of workflows that have a green run for every commit
    green: tuple[str, ...] = ()
    # by commit and context
    statuses: dict[str, dict[str, JSON]] = field(default_factory=dict)
    issues: list[JSON] = field(default_factory=list)
    milestones: list[JSON] = field(default_factory=list)
    pulls: list[JSON] = field(default_factory=list)
    # every repository by owner/name in small letters: heads of pull requests may be in a fork
    network: dict[str, Repository] = field(default_factory=dict, repr=False)
    settings: Settings = field(default_factory=Settings)
    # one for all repositories
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def full(self) -> str:
        """Return OWNER/NAME."""
        return f"{self.owner}/{self.name}"

    def published(self, tag: str) -> Release | None:
        """Return the published release of a tag, None where there is only a draft or nothing."""
        for release in self.releases.values():
            if release.tag == tag and not release.draft:
                return release
        return None


@dataclass(frozen=True)
class Urls:
    """The three addresses of a GitHub, as this client reaches them."""

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
