"""The environment in which unchanged clients reach the local registries, not the real ones."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from release_tasks import endpoints

# Plainly no secrets, and long enough to be filtered from the output like real ones.
CRATES_TOKEN = "not-a-secret-for-crates-io"
PYPI_TOKEN = "pypi-not-a-secret"
GITHUB_TOKEN = "not-a-secret-for-github"
GITHUB_READ_TOKEN = "not-a-secret-that-reads-github"
GITHUB_HOST = endpoints.host(endpoints.GITHUB)
REGISTRY_USER, REGISTRY_PASSWORD = "rehearsal", "not-a-secret-for-ghcr"
# Variables that would send a client to another server, or give it a real secret.
MISLEADING = re.compile(
    r"(PIP|UV|TWINE|MATURIN|GH|BUILDX|HELM)_\w+"
    r"|CARGO_(HTTP|NET|REGISTR(Y|IES)|SOURCE)\w*|__CARGO_TEST\w+"
    r"|GIT_(CONFIG|SSL|PROXY|SSH|ASKPASS|HTTP|CURL)\w*|SSH_ASKPASS|SSL_CERT_DIR|NIX_SSL_CERT_FILE"
    r"|(GITHUB|GITLAB)_TOKEN|GITHUB_ENTERPRISE_TOKEN|ACTIONS_ID_TOKEN_\w+"
    r"|DOCKER_(CONFIG|AUTH_CONFIG)|REGISTRY_AUTH_FILE|(ALL|FTP)_PROXY|(all|ftp)_proxy"
)
KEPT = ("currentContext", "proxies", "aliases", "features")  # of docker's config.json
BUILDERS = ("current", "defaults", "instances", "certs")  # of buildx's folder
NO_SSH = "sh -c 'echo ssh is not part of the rehearsal >&2; exit 1' ssh"


def environment(
    proxy: str,
    ca_file: Path,
    folder: Path,
    registries: Iterable[str] = (),
    github_host: str = GITHUB_HOST,
) -> dict[str, str]:
    """Return the variables to set, and write the settings of the clients into `folder`.

    `proxy` is the address of the proxy, `ca_file` the certificate of its authority; `registries`
    are those to log in to besides GHCR, as references have them.
    """
    ca = str(ca_file)
    return {
        **_network(proxy, ca),
        **_cargo(folder, ca),
        **_python(folder, ca),
        **_git(folder, proxy, ca, github_host),
        **_github(folder, github_host),
        **_containers(folder, registries),
    }


def variables_to_unset(names: Iterable[str], env: Mapping[str, str]) -> list[str]:
    """Return those of the variables `names` that mislead clients and that `env` does not set."""
    return sorted(
        name for name in names if MISLEADING.fullmatch(name) and name not in env
    )


def _network(proxy: str, ca: str) -> dict[str, str]:
    env = {"HTTPS_PROXY": proxy, "HTTP_PROXY": proxy, "NO_PROXY": "127.0.0.1,localhost"}
    env |= {name.lower(): value for name, value in env.items()}
    trust = (
        "SSL_CERT_FILE",
        "REQUESTS_CA_BUNDLE",
        "CURL_CA_BUNDLE",
        "NODE_EXTRA_CA_CERTS",
    )
    return env | dict.fromkeys(trust, ca)


def _cargo(folder: Path, ca: str) -> dict[str, str]:
    # fresh: a cached index of the real crates.io would mix with ours
    home = folder / "cargo"
    home.mkdir(parents=True, exist_ok=True)
    return {
        "CARGO_HOME": str(home),
        "CARGO_HTTP_CAINFO": ca,
        "CARGO_REGISTRY_TOKEN": CRATES_TOKEN,
        # rustup finds its toolchains beside the real CARGO_HOME
        "RUSTUP_HOME": os.environ.get("RUSTUP_HOME") or str(Path.home() / ".rustup"),
    }


def _python(folder: Path, ca: str) -> dict[str, str]:
    return {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_CERT": ca,
        "PIP_CACHE_DIR": str(folder / "pip"),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "UV_NO_CONFIG": "1",
        "UV_CACHE_DIR": str(folder / "uv"),
        "UV_PUBLISH_TOKEN": PYPI_TOKEN,
        "TWINE_USERNAME": "__token__",
        "TWINE_PASSWORD": PYPI_TOKEN,
        "TWINE_NON_INTERACTIVE": "1",
    }


def _git(folder: Path, proxy: str, ca: str, host: str) -> dict[str, str]:
    # Instead of the user's settings, which could rewrite an address to another server.
    settings = folder / "gitconfig"
    settings.write_text(
        "[user]\n\tname = Rehearsal\n\temail = rehearsal@localhost\n"
        "[init]\n\tdefaultBranch = main\n[safe]\n\tdirectory = *\n"
    )
    pairs = []
    for name in dict.fromkeys((GITHUB_HOST, host)):
        rewrite = f"url.https://{name}/.insteadOf"
        pairs += [
            (rewrite, f"git@{name}:"),
            (rewrite, f"ssh://git@{name}/"),
            (rewrite, f"git://{name}/"),
        ]
    pairs += [
        ("http.proxy", proxy),
        ("http.sslCAInfo", ca),
        ("credential.helper", ""),
    ]
    numbered = {}
    for number, (key, value) in enumerate(pairs):
        numbered[f"GIT_CONFIG_KEY_{number}"] = key
        numbered[f"GIT_CONFIG_VALUE_{number}"] = value
    return numbered | {
        "GIT_CONFIG_COUNT": str(len(pairs)),
        "GIT_CONFIG_GLOBAL": str(settings),
        "GIT_SSL_CAINFO": ca,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_SSH_COMMAND": NO_SSH,
    }


def _github(folder: Path, host: str) -> dict[str, str]:
    settings = folder / "gh"
    settings.mkdir(exist_ok=True)
    enterprise = {}
    if host != GITHUB_HOST:
        enterprise = {"GH_HOST": host, "GH_ENTERPRISE_TOKEN": GITHUB_TOKEN}
    return {
        **enterprise,
        "GH_TOKEN": GITHUB_TOKEN,
        "GH_CONFIG_DIR": str(settings),
        "GH_PROMPT_DISABLED": "1",
        "GH_NO_UPDATE_NOTIFIER": "1",
    }


def _containers(folder: Path, registries: Iterable[str]) -> dict[str, str]:
    docker, helm = folder / "docker", folder / "helm"
    login = base64.b64encode(f"{REGISTRY_USER}:{REGISTRY_PASSWORD}".encode()).decode()
    keys = {endpoints.host(endpoints.GHCR)}
    for registry in registries:
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
    if endpoints.registry(registry) == endpoints.DOCKER_HUB:
        return {endpoints.DOCKER_HUB_LOGIN, endpoints.host(endpoints.DOCKER_HUB)}
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
    own = Path(os.environ.get("BUILDX_CONFIG") or _own_docker_folder() / "buildx")
    for name in BUILDERS:
        if (own / name).is_dir():
            shutil.copytree(own / name, folder / name, dirs_exist_ok=True)
        elif (own / name).is_file():
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(own / name, folder / name)
