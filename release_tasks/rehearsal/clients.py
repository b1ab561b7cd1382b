"""The environment in which unchanged clients reach the local registries, not the real ones."""

from __future__ import annotations

import base64
import json
import os
import re
import shlex
import shutil
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from release_tasks import endpoints
from release_tasks.rehearsal.tokens import USER, Tokens

GITHUB_HOST = endpoints.host(endpoints.GITHUB)
# Variables that would send a client to another server, or give it a real secret.
MISLEADING = re.compile(
    r"(PIP|UV|TWINE|MATURIN|GH|BUILDX|HELM)_\w+"
    r"|CARGO_(HTTP|NET|REGISTR(Y|IES)|SOURCE)\w*|__CARGO_TEST\w+"
    r"|GIT_(CONFIG|SSL|PROXY|SSH|ASKPASS|HTTP|CURL)\w*|SSH_ASKPASS|SSL_CERT_DIR|NIX_SSL_CERT_FILE"
    r"|(GITHUB|GITLAB)_TOKEN|GITHUB_ENTERPRISE_TOKEN|ACTIONS_ID_TOKEN_\w+"
    r"|DOCKER_(CONFIG|AUTH_CONFIG)|REGISTRY_AUTH_FILE|(ALL|FTP)_PROXY|(all|ftp)_proxy"
)
OTHER_INDEX = re.compile(r"CARGO_REGISTRIES_\w+_INDEX")
CRATES_IO_INDEX = "CARGO_REGISTRIES_CRATES_IO_INDEX"
# of docker's config.json
KEPT = ("currentContext", "proxies", "aliases", "features")
BUILDERS = ("current", "defaults", "instances", "certs")  # of buildx's folder
NO_SSH = "sh -c 'echo ssh is not part of the rehearsal >&2; exit 1' ssh"


@dataclass(frozen=True)
class Place:
    """Where clients find the local registries, and what they log in with.

    `proxy` is the address of the proxy without a login, `ca_file` the certificate of its
    authority, `folder` the one for their settings; `registries` are those to log in to besides
    GHCR, as references have them. What the project's files read with ssh, from `ssh_hosts`, is
    read through the proxy.
    """

    proxy: str
    ca_file: Path
    folder: Path
    tokens: Tokens
    registries: Collection[str] = ()
    github_host: str = GITHUB_HOST
    ssh_hosts: Collection[str] = ()

    @property
    def ca(self) -> str:
        """Return the path of the authority's certificate as text."""
        return str(self.ca_file)

    @property
    def proxy_with_login(self) -> str:
        """Return the address of the proxy as clients need it."""
        return endpoints.with_login(self.proxy, USER, self.tokens.proxy)


def environment(place: Place) -> dict[str, str]:
    """Return the variables to set, and write the settings of the clients into a folder."""
    return {
        **_network(place),
        **_cargo(place),
        **_python(place),
        **_git(place),
        **_github(place),
        **_containers(place),
    }


def variables_to_unset(
    names: Iterable[str], env: Mapping[str, str]
) -> list[str]:
    """Return those of the variables `names` that mislead clients and that `env` does not set."""
    return sorted(
        name for name in names if MISLEADING.fullmatch(name) and name not in env
    )


def _network(place: Place) -> dict[str, str]:
    proxy = place.proxy_with_login
    env = {
        "HTTPS_PROXY": proxy,
        "HTTP_PROXY": proxy,
        "NO_PROXY": "127.0.0.1,localhost",
    }
    env |= {name.lower(): value for name, value in env.items()}
    trust = (
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    )
    return env | dict.fromkeys(trust, place.ca)


def _cargo(place: Place) -> dict[str, str]:
    # fresh: a cached index of the real crates.io would mix with ours
    home = place.folder / "cargo"
    home.mkdir(parents=True, exist_ok=True)
    return _other_registries() | {
        "CARGO_HOME": str(home),
        "CARGO_HTTP_CAINFO": place.ca,
        # its own git knows neither these settings nor the proxy for ssh
        "CARGO_NET_GIT_FETCH_WITH_CLI": "true",
        "CARGO_REGISTRY_TOKEN": place.tokens.crates,
        # rustup finds its toolchains beside the real CARGO_HOME
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME")
        or str(Path.home() / ".rustup"),
    }


def _other_registries() -> dict[str, str]:
    """Return where the user's cargo finds registries besides crates.io, without their tokens."""
    own = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
    found: dict[str, str] = {}
    for name in ("config", "config.toml"):
        try:
            tables = tomllib.loads((own / name).read_text()).get(
                "registries", {}
            )
        except (OSError, ValueError):
            continue
        for registry, table in tables.items():
            variable = (
                f"CARGO_REGISTRIES_{registry.upper().replace('-', '_')}_INDEX"
            )
            found[variable] = str(table.get("index", ""))
    for variable, value in os.environ.items():
        if OTHER_INDEX.fullmatch(variable):
            found[variable] = value
    return {
        variable: value
        for variable, value in found.items()
        if value and variable != CRATES_IO_INDEX
    }


def _python(place: Place) -> dict[str, str]:
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CERT": place.ca,
        "PIP_CACHE_DIR": str(place.folder / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(place.folder / "uv"),
        "UV_PUBLISH_TOKEN": place.tokens.pypi,
        "TWINE_USERNAME": "__token__",
        "TWINE_PASSWORD": place.tokens.pypi,
        "TWINE_NON_INTERACTIVE": "1",
    }


def _git(place: Place) -> dict[str, str]:
    # Instead of the user's settings, which could rewrite an address to another server.
    settings = place.folder / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Rehearsal\n\temail = rehearsal@localhost\n"
        "[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n"
    )
    hosts = tuple(dict.fromkeys((GITHUB_HOST, place.github_host)))
    pairs = []
    for name in dict.fromkeys((*hosts, *place.ssh_hosts)):
        host = name.partition(":")[0]  # the port is that of ssh
        rewrite = f"url.https://{host}/.insteadOf"
        pairs += [
            (rewrite, f"git@{host}:"),
            (rewrite, f"ssh://git@{name}/"),
            (rewrite, f"ssh://{name}/"),
            (rewrite, f"git://{name}/"),
        ]
    pairs += [
        ("http.proxy", place.proxy_with_login),
        ("http.proxyAuthMethod", "basic"),
        ("http.sslCAInfo", place.ca),
        ("credential.helper", ""),
        ("credential.helper", _login_file(place, hosts)),
    ]
    numbered = {}
    for number, (key, value) in enumerate(pairs):
        numbered[f"GIT_CONFIG_KEY_{number}"] = key
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return numbered | {
        "GIT_CONFIG_COUNT": str(len(pairs)),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_SSL_CAINFO": place.ca,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": NO_SSH,
    }


def _login_file(place: Place, hosts: Iterable[str]) -> str:
    """Write git's logins for GitHub, and return the credential helper that reads them."""
    path = place.folder / "git-credentials"
    path.touch(0o600)
    lines = []
    for host in hosts:
        address = endpoints.with_login(
            f"https://{host}", USER, place.tokens.github
        )
        lines.append(f"{address}\n")
    path.write_text("".join(lines))
    return f"store --file {shlex.quote(str(path))}"


def _github(place: Place) -> dict[str, str]:
    settings = place.folder / "gh"
    settings.mkdir(exist_ok=True)
    token, host = place.tokens.github, place.github_host
    enterprise = {}
    if host != GITHUB_HOST:
        enterprise = {"GH_HOST": host, "GH_ENTERPRISE_TOKEN": token}
    return {
        **enterprise,
        "GH_TOKEN": token,
        "GH_CONFIG_DIR": str(settings),
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
    }


def _containers(place: Place) -> dict[str, str]:
    folder = place.folder
    docker, helm = folder / "docker", folder / "helm"
    login = base64.b64encode(
        f"{USER}:{place.tokens.registry}".encode()
    ).decode()
    keys = {endpoints.host(endpoints.GHCR)}
    for registry in place.registries:
        keys |= _login_keys(registry)
    auths = {key: {"auth": login} for key in sorted(keys)}
    own = _own_docker_settings()
    settings = {"auths": auths, **{key: own[key] for key in KEPT if key in own}}
    for path, data in (
        (docker / "config.json", settings),
        (helm / "config" / "registry" / "config.json", {"auths": auths}),
    ):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data))
    for name in ("cli-plugins", "contexts"):
        _link(docker / name, _own_docker_folder() / name)
    _copy_builders(folder / "buildx")
    chosen = {}
    if builder := os.environ.get("BUILDX_BUILDER"):
        chosen["BUILDX_BUILDER"] = builder
    return chosen | {
        "DOCKER_CONFIG": str(docker),
        "BUILDX_CONFIG": str(folder / "buildx"),
        "HELM_CONFIG_HOME": str(helm / "config"),
        "HELM_CACHE_HOME": str(helm / "cache"),
        "HELM_DATA_HOME": str(helm / "data"),
    }


def _login_keys(registry: str) -> set[str]:
    """Return the keys under which docker and helm look for the login of a registry."""
    host = endpoints.host(endpoints.DOCKER_HUB)
    if registry == host or endpoints.registry(registry) == endpoints.DOCKER_HUB:
        return {endpoints.DOCKER_HUB_LOGIN, host}
    return {registry}


def _own_docker_folder() -> Path:
    return Path(os.environ.get("DOCKER_CONFIG") or Path.home() / ".docker")


def _own_docker_settings() -> dict[str, object]:
    """Return the user's config.json of docker, nothing where it cannot be read."""
    try:
        found = json.loads((_own_docker_folder() / "config.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _link(link: Path, target: Path) -> None:
    """Let docker find the user's plugins, such as buildx, and contexts."""
    if target.is_dir() and not link.exists():
        link.symlink_to(target.resolve())


def _copy_builders(folder: Path) -> None:
    """Let buildx find the user's builders; what it writes about them stays in the rehearsal."""
    own = Path(
        os.environ.get("BUILDX_CONFIG") or _own_docker_folder() / "buildx"
    )
    for name in BUILDERS:
        if (own / name).is_dir():
            shutil.copytree(own / name, folder / name, dirs_exist_ok=True)
        elif (own / name).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(own / name, folder / name)
