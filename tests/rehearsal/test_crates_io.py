"""The local crates.io under its public names, with unchanged cargo."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from support.package_clients import Chain, Client, sha256, write_crate

from release_tasks.rehearsal.faults import Fault
from release_tasks.rehearsal.registries import Ours, run_registries

pytestmark = pytest.mark.tools("cargo")


def versions(client: Client, name: str) -> dict[str, bool]:
    """Return the versions that the index shows, each with whether it is yanked."""
    page = requests.get(
        f"{client.registries.urls['crates']}/index/{name[:2]}/{name[2:4]}/{name}",
        timeout=9,
    )
    lines = (
        [json.loads(line) for line in page.text.splitlines()] if page.ok else []
    )
    return {line["vers"]: line["yanked"] for line in lines}


@pytest.fixture
def published(client: Client, chain: Chain) -> Chain:
    """The workspace, with all of its crates on the local crates.io."""
    client.ok("cargo", "publish", "--workspace", "--no-verify", cwd=chain.root)
    return chain


def test_a_workspace_is_published_and_installed_back(
    client: Client, chain: Chain, tmp_path: Path
) -> None:
    client.ok("cargo", "publish", "--workspace", cwd=chain.root)
    client.ok("cargo", "install", chain.names[2], "--root", tmp_path / "root")
    assert (
        client.ok(tmp_path / "root" / "bin" / chain.names[2])
        == "rehearsed 0.1.0\n"
    )
    assert (
        "github.com/rust-lang/crates.io-index"
        in (tmp_path / "root" / ".crates.toml").read_text()
    )
    uploads = [
        entry
        for entry in client.registries.log.writes()
        if entry.target == "/api/v1/crates/new"
    ]
    assert [entry.agent[:6] for entry in uploads] == ["cargo/"] * 3
    assert client.registries.log.refused() == ()


def test_crates_are_published_one_by_one_in_the_order_of_their_dependencies(
    client: Client, chain: Chain
) -> None:
    said = client.fails(
        "cargo", "publish", "--no-verify", "-p", chain.names[1], cwd=chain.root
    )
    assert f"no matching package named `{chain.names[0]}` found" in said
    for name in chain.names:
        client.ok("cargo", "publish", "--no-verify", "-p", name, cwd=chain.root)
        assert versions(client, name) == {"0.1.0": False}


def test_the_index_has_the_checksum_of_the_packaged_crate(
    client: Client, published: Chain
) -> None:
    client.ok(
        "cargo", "package", "--workspace", "--no-verify", cwd=published.root
    )
    name = published.names[0]
    packaged = published.root / "target" / "package" / f"{name}-0.1.0.crate"
    page = requests.get(
        f"{client.registries.urls['crates']}/re/he/{name}", timeout=9
    ).json()
    assert page["cksum"] == sha256(packaged)


def test_a_published_version_cannot_be_published_again(
    client: Client, published: Chain
) -> None:
    said = client.fails(
        "cargo",
        "publish",
        "--no-verify",
        "-p",
        published.names[0],
        cwd=published.root,
    )
    assert (
        f"crate {published.names[0]}@0.1.0 already exists on crates.io index"
        in said
    )


def test_a_yanked_version_cannot_be_published_again(
    client: Client, published: Chain
) -> None:
    name = published.names[0]
    client.ok("cargo", "yank", f"{name}@0.1.0", cwd=published.root)
    assert versions(client, name) == {"0.1.0": True}
    said = client.fails(
        "cargo", "publish", "--no-verify", "-p", name, cwd=published.root
    )
    assert (
        "(status 400 Bad Request): crate version `0.1.0` is already uploaded"
        in said
    )
    client.ok("cargo", "yank", "--undo", f"{name}@0.1.0", cwd=published.root)
    assert versions(client, name) == {"0.1.0": False}


def test_owners_are_listed_and_invited(
    client: Client, published: Chain
) -> None:
    name = published.names[0]
    assert "rehearsal (Rehearsal)" in client.ok(
        "cargo", "owner", "--list", name
    )
    client.ok("cargo", "owner", "--add", "somebody", name)
    assert "somebody" in client.ok("cargo", "owner", "--list", name)


def test_cargo_search_finds_what_was_published(
    client: Client, published: Chain
) -> None:
    assert f'{published.names[1]} = "0.1.0"' in client.ok(
        "cargo", "search", "rehearsed-beta"
    )


def test_a_wrong_token_is_refused(client: Client, chain: Chain) -> None:
    said = client.fails(
        "cargo",
        "publish",
        "--no-verify",
        "-p",
        chain.names[0],
        cwd=chain.root,
        CARGO_REGISTRY_TOKEN="another",
    )
    assert "(status 403 Forbidden): authentication failed" in said


def test_a_third_party_dependency_comes_from_the_real_registry(
    reader: Client, tmp_path: Path
) -> None:
    write_crate(tmp_path / "user", "rehearsed-user", extra='itoa = "1"')
    reader.ok("cargo", "publish", cwd=tmp_path / "user")
    read = [
        entry.target
        for entry in reader.registries.log.entries()
        if entry.host == "static.crates.io"
    ]
    assert [target.split("/")[2] for target in read] == ["itoa"]


def test_own_versions_do_not_hide_the_real_ones(
    reader: Client, tmp_path: Path
) -> None:
    before = versions(reader, "itoa")
    write_crate(tmp_path / "itoa", "itoa", version="999.0.0")
    reader.ok("cargo", "publish", cwd=tmp_path / "itoa")
    assert versions(reader, "itoa") == before | {"999.0.0": False}


def test_a_real_version_cannot_be_published_again(
    reader: Client, tmp_path: Path
) -> None:
    write_crate(tmp_path / "itoa", "itoa", version="1.0.9+ours")
    said = reader.fails(
        "cargo", "publish", "--no-verify", cwd=tmp_path / "itoa"
    )
    assert (
        "crate version `1.0.9` is already uploaded" in said
        or "already exists" in said
    )


def test_cargo_waits_until_a_lagging_index_has_the_crate(
    client: Client, chain: Chain
) -> None:
    client.registries.crates.store.lag = 1.5
    said = client.ok(
        "cargo", "publish", "--no-verify", "-p", chain.names[0], cwd=chain.root
    )
    assert "Published rehearsed-alpha" in said
    assert versions(client, chain.names[0]) == {"0.1.0": False}


def test_new_crates_are_rate_limited_with_the_time_to_retry(
    client: Client, tmp_path: Path
) -> None:
    client.registries.crates.limits.active = True
    for number in range(6):
        write_crate(tmp_path / f"n{number}", f"rehearsednew{number}")
    for number in range(5):
        client.ok(
            "cargo", "publish", "--no-verify", cwd=tmp_path / f"n{number}"
        )
    said = client.fails("cargo", "publish", "--no-verify", cwd=tmp_path / "n5")
    assert (
        "(status 429 Too Many Requests): You have published too many new crates"
        in said
    )
    assert (
        "GMT and see https://crates.io/docs/rate-limits for more details."
        in said
    )
    client.registries.clock.skip(601)
    client.ok("cargo", "publish", "--no-verify", cwd=tmp_path / "n5")


def test_a_lost_answer_leaves_the_crate_published(
    client: Client, chain: Chain
) -> None:
    client.registries.faults.add(Fault("PUT", "/api/v1/crates/new", lose=True))
    client.fails(
        "cargo", "publish", "--no-verify", "-p", chain.names[0], cwd=chain.root
    )
    assert versions(client, chain.names[0]) == {"0.1.0": False}


def test_cargo_works_at_the_loopback_address_too(
    client: Client, chain: Chain
) -> None:
    index = f"sparse+{client.registries.urls['crates']}/index/"
    replaced = f'source.crates-io.replace-with="here"\nregistries.here.index="{index}"\n'
    config = client.folder / "config.toml"
    config.write_text(replaced)
    client.ok(
        "cargo",
        "--config",
        config,
        "publish",
        "--workspace",
        "--no-verify",
        "--registry",
        "here",
        cwd=chain.root,
        CARGO_REGISTRIES_HERE_TOKEN=client.registries.env[
            "CARGO_REGISTRY_TOKEN"
        ],
    )
    assert all(
        versions(client, name) == {"0.1.0": False} for name in chain.names
    )


def test_offline_cargo_says_that_the_real_registry_was_not_asked(
    tmp_path: Path,
) -> None:
    work = tmp_path / "work"
    write_crate(work, "rehearsed-user", extra='itoa = "1"')
    with run_registries(
        tmp_path / "registries",
        offline=True,
        cache=tmp_path / "none",
        ours=Ours(crates=["rehearsed-user"]),
    ) as started:
        client = Client(started, work)
        said = client.fails(
            "cargo", "publish", "--no-verify", CARGO_NET_RETRY="0"
        )
        assert "the rehearsal is offline: itoa is not published here" in said
        write_crate(work, "rehearsed-user")
        client.ok("cargo", "publish", "--no-verify")
