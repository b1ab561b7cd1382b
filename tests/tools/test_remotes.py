"""Which repository a remote is: the forms in which git takes an address, and look-alikes."""

from __future__ import annotations

from pathlib import Path

import pytest
from support import repositories

from release_tasks.tools import remotes, ssh
from release_tasks.tools.gh import hosts
from release_tasks.tools.git import origin


@pytest.fixture(autouse=True)
def no_logins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No host of the user's, and no alias of ssh."""
    monkeypatch.setenv("GH_CONFIG_DIR", str(tmp_path))
    monkeypatch.delenv("GH_HOST", raising=False)
    monkeypatch.setattr(ssh, "host_name", lambda alias: alias)


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://github.com/acme/tool", "acme/tool"),
        ("https://github.com/acme/tool.git", "acme/tool"),
        ("https://github.com/acme/tool/", "acme/tool"),
        ("https://github.com/acme/tool.git/", "acme/tool"),
        ("https://github.com//acme/tool", "acme/tool"),
        ("https://GitHub.com/acme/tool", "acme/tool"),
        ("https://www.github.com/acme/tool", "acme/tool"),
        ("https://github.com:443/acme/tool", "acme/tool"),
        ("https://ada@github.com/acme/tool", "acme/tool"),
        ("https://ada:secret@github.com/acme/tool", "acme/tool"),
        ("http://github.com/acme/tool", None),
        ("git://github.com/acme/tool.git", None),
        ("ssh://git@github.com/acme/tool.git", "acme/tool"),
        ("ssh://git@github.com:22/acme/tool.git", "acme/tool"),
        ("ssh://git@ssh.github.com:443/acme/tool.git", "acme/tool"),
        ("git+ssh://git@github.com/acme/tool.git", "acme/tool"),
        ("git@github.com:acme/tool.git", "acme/tool"),
        ("git@github.com:/acme/tool.git", "acme/tool"),
        ("github.com:acme/tool", "acme/tool"),
        ("git@GITHUB.COM:acme/tool", "acme/tool"),
        ("https://github.com/acme/tool.js", "acme/tool.js"),
        ("https://company.ghe.com/acme/tool", "company.ghe.com/acme/tool"),
        ("https://notgithub.com/acme/tool", None),
        ("https://github.com.example.org/acme/tool", None),
        ("https://github.community/acme/tool", None),
        ("git@my-github.com:acme/tool.git", None),
        ("https://gitlab.com/github.com/acme/tool", None),
        ("https://example.org/?x=github.com/acme/tool", None),
        ("https://github.com@example.org/acme/tool", None),
        ("https://gist.github.com/acme/0123", None),
        ("https://github.com/acme", None),
        ("https://github.com/acme/tool/tree/main", None),
        ("/srv/github.com/acme/tool.git", None),
        ("../github.com/acme/tool", None),
        ("file:///srv/github.com/acme/tool", None),
        ("gh:acme/tool", None),
        ("", None),
    ],
)
def test_a_repository_is_known_by_the_host_of_its_url(
    url: str, name: str | None
) -> None:
    assert remotes.github_repository(url) == name


def test_an_alias_of_ssh_stands_for_its_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    aliases = {"github.com-work": "github.com", "work": "ssh.github.com"}
    monkeypatch.setattr(
        ssh, "host_name", lambda alias: aliases.get(alias, alias)
    )
    for url in ("git@github.com-work:acme/tool.git", "ssh://work/acme/tool"):
        assert remotes.github_repository(url) == "acme/tool"
    assert (
        remotes.github_repository("https://github.com-work/acme/tool") is None
    )


def test_ssh_tells_the_host_of_a_name_without_connecting() -> None:
    assert ssh.host_name("localhost") == "localhost"
    assert ssh.host_name("-oProxyCommand=x") == "-oProxyCommand=x"


@pytest.mark.parametrize(
    ("url", "setting", "name"),
    [
        (
            "gh:acme/tool",
            ("url.https://github.com/.insteadOf", "gh:"),
            "acme/tool",
        ),
        (
            "work:tool",
            ("url.git@github.com:acme/.insteadOf", "work:"),
            "acme/tool",
        ),
        (
            "https://github.com/acme/tool",
            ("url.file:///mirror/.insteadOf", "https://github.com/"),
            "acme/tool",
        ),
        ("gl:acme/tool", ("url.https://gitlab.com/.insteadOf", "gl:"), None),
    ],
)
def test_an_alias_of_git_is_resolved(
    tmp_path: Path, url: str, setting: tuple[str, str], name: str | None
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    repositories.git(tree, "init", "--quiet")
    repositories.git(tree, "remote", "add", "origin", url)
    repositories.git(tree, "config", *setting)
    assert remotes.repository_of(tree) == name
    assert remotes.repository_of(tree, "upstream") is None


UP = "https://github.com/acme/tool.git"
FORK = "git@github.com:ada/tool.git"
MIRROR = "https://mirror.example/acme/tool"


def remote(name: str, url: str, *pushed: str) -> list[tuple[str, str]]:
    rows = [(f"remote.{name}.url", url)]
    return rows + [(f"remote.{name}.pushurl", one) for one in pushed]


@pytest.mark.parametrize(
    ("settings", "name", "repository", "elsewhere"),
    [
        # which remote: git-config(1), branch.NAME.remote
        (remote("origin", UP), "origin", "acme/tool", None),
        (remote("hub", UP), "hub", "acme/tool", None),
        (remote("hub", UP) + remote("origin", FORK), "origin", "ada/tool", None),
        (remote("a", UP) + remote("b", FORK), "origin", None, None),
        (remote("a", UP) + remote("b", FORK) + [("branch.main.remote", "a")],
         "a", "acme/tool", None),
        (remote("a", UP) + remote("b", FORK) + [("branch.main.remote", ".")],
         "origin", None, None),
        ([*remote("origin", UP), ("remote.pushDefault", "fork")], "origin", "acme/tool", None),
        # where a push goes: pushurl, several of them, pushInsteadOf
        (remote("origin", UP, "git@github.com:acme/tool"), "origin", "acme/tool", None),
        (remote("origin", UP, "git@github.com:Acme/Tool.git"), "origin", "acme/tool", None),
        (remote("origin", UP, "ssh://git@ssh.github.com:443/acme/tool"),
         "origin", "acme/tool", None),
        (remote("origin", UP, FORK), "origin", "acme/tool", FORK),
        (remote("origin", UP, FORK, UP), "origin", "acme/tool", None),
        (remote("origin", UP, "no_push"), "origin", "acme/tool", "no_push"),
        (remote("origin", UP, "git@gitlab.com:acme/tool.git"), "origin", "acme/tool", None),
        (remote("origin", MIRROR, UP), "origin", "acme/tool", None),
        ([*remote("origin", UP), ("url.git@github.com:.pushInsteadOf", "https://github.com/")],
         "origin", "acme/tool", None),
        ([*remote("origin", UP), ("url.git@github.com:ada/.pushInsteadOf", "https://github.com/acme/")],
         "origin", "acme/tool", FORK),
        (remote("hub", UP, FORK), "hub", "acme/tool", FORK),
    ],
)  # fmt: skip
def test_origin_is_what_git_reads_from_and_pushes_to(
    tmp_path: Path,
    settings: list[tuple[str, str]],
    name: str,
    repository: str | None,
    elsewhere: str | None,
) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    repositories.git(tree, "init", "--quiet", "--initial-branch=main")
    for key, value in settings:
        repositories.git(tree, "config", "--add", key, value)
    assert origin.remote_name(tree) == name
    assert remotes.repository_of(tree) == repository
    assert remotes.pushed_elsewhere(tree) == elsewhere


def test_the_host_that_gh_works_with_is_github(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    url = "git@github.corp.example:acme/tool.git"
    assert remotes.github_repository(url) is None
    monkeypatch.setenv("GH_HOST", "github.corp.example")
    assert remotes.github_repository(url) == "github.corp.example/acme/tool"
    assert hosts.pinned(hosts.DOT_COM) == {"GH_HOST": "github.com"}
    assert hosts.pinned("github.corp.example") == {}


@pytest.mark.parametrize(
    ("logins", "pinned"),
    [
        ("", {}),
        ("github.com:\n    user: ada\n", {}),
        ("github.corp.example:\n    user: ada\n", {"GH_HOST": "github.com"}),
        (
            "github.com:\n    user: ada\ngithub.corp.example:\n    user: ada\n",
            {},
        ),
    ],
)
def test_gh_is_led_to_the_host_where_it_would_go_elsewhere(
    tmp_path: Path, logins: str, pinned: dict[str, str]
) -> None:
    (tmp_path / "hosts.yml").write_text(logins)
    assert hosts.pinned(hosts.DOT_COM) == pinned
    assert hosts.is_github("github.corp.example") is ("corp" in logins)


@pytest.mark.parametrize(
    ("named", "api", "uploads", "token"),
    [
        (
            "acme/tool",
            "https://api.github.com",
            "https://uploads.github.com",
            "GH_TOKEN",
        ),
        (
            "github.corp.example/acme/tool",
            "https://github.corp.example/api/v3",
            "https://github.corp.example/api/uploads",
            "GH_ENTERPRISE_TOKEN",
        ),
        (
            "company.ghe.com/acme/tool",
            "https://api.company.ghe.com",
            "https://uploads.company.ghe.com",
            "GH_TOKEN",
        ),
    ],
)
def test_each_host_has_its_addresses_and_tokens(
    named: str, api: str, uploads: str, token: str
) -> None:
    host = hosts.host_of(named)
    assert (hosts.api(host), hosts.uploads(host)) == (api, uploads)
    assert hosts.tokens(host)[0] == token
    assert hosts.without_host(named) == "acme/tool"
    assert hosts.web(named) == f"https://{host}/acme/tool"
