"""Which variables a child process gets, and none of the secrets in what `/proc` shows of us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import PurePath

from release_tasks import masking

CLIENTS = ("git", "gh", "docker", "helm", "buildctl", "buildkitd")
# of git: what runs the hooks of the project
RUN_HOOKS = ("commit", "push", "checkout", "switch", "merge")
# what of git only reads a repository, or makes a copy of it
READS_OF_GIT = (
    *(
        "status",
        "ls-files",
        "grep",
        "log",
        "rev-list",
        "for-each-ref",
        "merge-base",
        "diff",
    ),
    *(
        "cat-file",
        "diff-tree",
        "check-ignore",
        "checkout-index",
        "clone",
        "worktree",
    ),
)
NO_PROGRAMS = (("core.fsmonitor", "false"), ("core.hooksPath", os.devnull))
# options of git
WITH_A_VALUE = ("-C", "-c", "--git-dir", "--work-tree", "--namespace")
RUN_IMAGES = ("run", "exec", "create", "compose")  # of docker


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.sub(r"#.*", "", text).split())


# What runs the project's own code gets variables of these names, in either case.
NAMES = frozenset(
    _words("""
    PATH HOME USER LOGNAME SHELL SHLVL PWD OLDPWD HOSTNAME TMP TEMP TMPDIR TZ TERM _ LANG LANGUAGE
    DISPLAY WAYLAND_DISPLAY XAUTHORITY SSH_AUTH_SOCK SSH_AGENT_PID GNUPGHOME GPG_TTY
    GPG_AGENT_INFO EDITOR VISUAL PAGER COLUMNS LINES COLORTERM NO_COLOR FORCE_COLOR PY_COLORS
    DEBUG VERBOSE V CI SKIP REQUESTS_CA_BUNDLE CC CXX CPP AR AS LD NM RANLIB STRIP OBJCOPY FC F77
    LINKER CROSS_COMPILE LIBRARY_PATH CPATH SDKROOT PROFILE NUM_JOBS KUBECONFIG IMAGEOS
    IN_NIX_SHELL OUT_DIR VERSION TARGET HOST
    # Windows, and its compilers
    SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT OS USERNAME USERDOMAIN COMPUTERNAME USERPROFILE
    HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA ALLUSERSPROFILE PUBLIC
    PROGRAMFILES PROGRAMFILES(X86) PROGRAMW6432 COMMONPROGRAMFILES COMMONPROGRAMFILES(X86)
    COMMONPROGRAMW6432 NUMBER_OF_PROCESSORS INCLUDE LIB LIBPATH PLATFORM
    """)
)
STARTS = _words("""
    # the session and the network
    LC_ XDG_ DBUS_ CLICOLOR SSL_ CURL_ GIT_
    # Rust
    CARGO __CARGO RUST CLIPPY SCCACHE CCACHE BINDGEN PROC_MACRO MIRI CROSS_ ZIG VERGEN SQLX_
    # compilers, their flags, and what is built with them; cc-rs takes names like CC_wasm32_wasi
    HOST_ TARGET_ BUILD_ CC_ CXX_ CPP_ AR_ AS_ LD_ NM_ RANLIB_ CFLAGS CXXFLAGS CPPFLAGS LDFLAGS
    PKG_CONFIG DYLD_ MAKE CMAKE NINJA MESON AUTOCONF AUTOMAKE ACLOCAL LIBTOOL CLANG LLVM GCC GNU
    LIBCLANG DEVELOPER_ XCODE EMSDK EMCC EMSCRIPTEN WASI WASM VCPKG CONAN VULKAN CUDA NVCC NVIDIA
    ROCM HIP_ OPENSSL ORT_ ONNX TORCH LIBTORCH QT NIX_ SPACK HOMEBREW_ QEMU PROTOC FONTCONFIG
    MALLOC_ OMP_ MKL_ OPENBLAS
    # Python
    PYTHON PYO3 MATURIN SETUPTOOLS DISTUTILS HATCH POETRY PDM FLIT PIP_ PIPX UV_ TWINE_
    VIRTUAL_ENV PYENV CONDA _CONDA MAMBA NOX TOX PYTEST COVERAGE MYPY RUFF CIBW_ AUDITWHEEL NPY_
    CYTHON HYPOTHESIS SKBUILD RELEASE_TASKS
    # Windows
    PROCESSOR_ VSINSTALL VSCMD VCTOOLS VCINSTALL VISUALSTUDIO WINDOWSSDK WINDOWSLIB UCRT MSYS MINGW
    # other languages
    NODE NPM_CONFIG_ NVM_ YARN_ PNPM_ COREPACK_ VOLTA_ BUN_ DENO_ PLAYWRIGHT_ PUPPETEER_ CYPRESS_
    ELECTRON_ GOOS GOARCH GOARM GOAMD GOPATH GOROOT GOFLAGS GOCACHE GOMOD GOPROXY GOPRIVATE GONO
    GOSUM GOTOOL GOWORK GOENV GOBIN GOEXPERIMENT GODEBUG GOMAXPROCS CGO_ JAVA JDK GRADLE MAVEN
    M2_ KOTLIN DOTNET NUGET ANDROID NDK GEM_ RUBY BUNDLE_ RBENV PERL OPAM GHC CABAL STACK_ ERL
    MIX_ PHP COMPOSER_ ASDF_ MISE_ SDKMAN_
    # containers, hooks, continuous integration
    DOCKER_ BUILDX_ BUILDKIT_ COMPOSE_ TESTCONTAINERS_ PODMAN_ CONTAINER HELM_ PRE_COMMIT HUSKY
    LEFTHOOK OVERCOMMIT GITHUB_ GH_ RUNNER_ ACTIONS_ CI_ GITLAB_ AGENT_
""")
ENDS = _words("""
    # how most build scripts let somebody name a place or an option
    _PROXY FLAGS _LINKER _DEPLOYMENT_TARGET _DIR _DIRS _PATH _PATHS _HOME _ROOT _PREFIX _VERSION
    _INCLUDE _LIB _LIBS _BIN _TARGET _ARCH _OS _PLATFORM _JOBS _THREADS _LEVEL _DEBUG _LOG _STATIC
    _SHARED _VENDOR _VENDORED _FEATURES _OPTIONS _OPTS _ARGS _CACHE _EPOCH _CONFIG _EXECUTABLE
    _COMPILER _TOOLCHAIN _SYSROOT _BACKEND _ENABLED
""")
# with the name of a target before it
INSIDE = ("PKG_CONFIG", "OPENSSL", "FLAGS_", "_SYS_")
# Lets a program of the project add to the later steps of a job, or holds a whole environment.
STEERS = re.compile(
    r"GITHUB_(ENV|PATH|STATE|OUTPUT)|DIRENV_DIFF|__MISE_DIFF|(BASH|SH)_ENV|PROMPT_COMMAND"
)
# A login in the address of one of these is what its users download with.
READS_WITH_LOGIN = re.compile(
    r"\w*_PROXY|GOPROXY|(PIP|UV)_\w*INDEX\w*|CARGO_REGISTRIES_\w+_INDEX|GIT_CONFIG_VALUE_\d+"
    r"|NPM_CONFIG_\w*REGISTRY",
    re.IGNORECASE,
)
GIT_SETTINGS = re.compile(r"GIT_CONFIG_(COUNT|KEY_\d+|VALUE_\d+|PARAMETERS)")
# fields of /proc/PID/stat behind the name
ENVIRONMENT_START, ENVIRONMENT_END = (47, 48)
# Without these nothing starts; a password such as `postgres` can be a part of them.
NEVER_SECRET = (
    "PATH",
    "HOME",
    "PWD",
    "OLDPWD",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
)
# characters of a secret that is looked for inside of other values
SHORTEST_PART = 16
PR_SET_DUMPABLE = 4  # prctl(2)

_also_given: set[str] = set()  # names or patterns of the project's settings


def give_also(names: Iterable[str]) -> None:
    """Give variables of these names (or patterns with `*`) to what runs the project's code."""
    _also_given.clear()
    _also_given.update(names)


def for_child(argv: Sequence[str], secrets: Collection[str]) -> dict[str, str]:
    """Return the variables that a program gets of our own environment.

    No program gets what is secret by its name or its value. A client, such as git, gets all
    others; everything else may run code of the project, and gets what builds need (`NAMES`, ...
    and the settings). `secrets` are names that it gets in any case.
    """
    own = dict(os.environ)
    kept = dict(_harmless(own))
    if not is_client(argv):
        kept = dict(_needed(kept))
    elif is_git(argv):
        kept |= {
            name: own[name] for name in own if GIT_SETTINGS.fullmatch(name)
        }
    if is_git(argv) and _subcommand(argv) in READS_OF_GIT:
        kept |= git_settings(NO_PROGRAMS, kept)
    return kept | {name: own[name] for name in secrets if name in own}


def git_settings(
    pairs: Sequence[tuple[str, str]], own: Mapping[str, str]
) -> dict[str, str]:
    """Return the variables that add settings to those of git in the variables `own`."""
    count = own.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    found = {"GIT_CONFIG_COUNT": str(first + len(pairs))}
    for number, (key, value) in enumerate(pairs, first):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
    return found


def is_git(argv: Sequence[str]) -> bool:
    """Tell whether a command is one of git."""
    return bool(argv) and PurePath(argv[0]).name == "git"


def is_client(argv: Sequence[str]) -> bool:
    """Tell whether a command runs a client, and nothing of the project."""
    if not argv:
        return True
    program = PurePath(argv[0]).name
    if program == "git":
        return _subcommand(argv) not in RUN_HOOKS
    if program == "docker":
        return not any(word in RUN_IMAGES for word in argv[1:])
    return program in CLIENTS or program.startswith("docker-credential-")


def withheld() -> list[str]:
    """Return the names of the variables that what runs the project's code does not get."""
    own = dict(os.environ)
    return sorted(own.keys() - dict(_needed(dict(_harmless(own)))).keys())


def protect_own() -> None:
    """Let no other process of this user read our secrets from `/proc` (Linux).

    The values stay as they are for this process. Root can still read its memory.
    """
    if sys.platform != "linux":
        return
    with contextlib.suppress(OSError, ValueError, IndexError):
        _wipe(dict(os.environ))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _subcommand(argv: Sequence[str]) -> str:
    """Return the first word that is neither the program, nor an option, nor the value of one."""
    words = iter(argv[1:])
    for word in words:
        if word in WITH_A_VALUE:
            next(words, "")
        elif not word.startswith("-"):
            return word
    return ""


def _harmless(own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables without a secret, by name and by value."""
    hidden = masking.secrets(own)
    secret = {
        name for name, value in own.items() if _is_secret(name, value, hidden)
    }
    # git refuses its settings where one of them is missing
    is_split = any(GIT_SETTINGS.fullmatch(name) for name in secret)
    for name, value in own.items():
        if name not in secret and not (
            is_split and GIT_SETTINGS.fullmatch(name)
        ):
            yield name, value


def _is_secret(name: str, value: str, hidden: Collection[str]) -> bool:
    if masking.is_secret(name, value):
        return True
    if masking.is_secret_file(name, value):
        return name not in _also_given  # the settings may name one that is none
    if READS_WITH_LOGIN.fullmatch(name):
        return False
    if "://" in value and masking.LOGIN_IN_URL.search(value):
        return True
    if name in NEVER_SECRET:
        return False
    return any(_has(value, secret) for secret in hidden)


def _has(value: str, secret: str) -> bool:
    """Tell whether a value has a secret in it; a short one has to be the whole value."""
    if len(secret) < SHORTEST_PART:
        return value == secret
    return secret in value


def _needed(own: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that builds need."""
    for name, value in own.items():
        if _is_given(name):
            yield name, value


def _is_given(name: str) -> bool:
    if STEERS.fullmatch(name):
        return False
    upper = name.upper()
    if upper in NAMES or upper.startswith(STARTS) or upper.endswith(ENDS):
        return True
    if any(part in upper for part in INSIDE):
        return True
    return any(fnmatchcase(name, pattern) for pattern in _also_given)


def _wipe(own: Mapping[str, str]) -> None:
    """Overwrite the secrets in the block of memory that `/proc/PID/environ` shows.

    These are the values of secret variables, and of others that have one of them in it. C's own
    list of variables gets copies of them before, which nothing shows.
    """
    if sys.platform != "linux":
        return
    with open("/proc/self/stat", "rb") as file:
        fields = file.read().rpartition(b")")[2].split()
    start, end = int(fields[ENVIRONMENT_START]), int(fields[ENVIRONMENT_END])
    block = ctypes.string_at(start, end - start)
    secrets = masking.secrets(own)
    position = 0
    for entry in block.split(b"\0"):
        name, sign, value = entry.partition(b"=")
        text = os.fsdecode(value)
        is_secret = (
            masking.is_secret(os.fsdecode(name), text)
            or masking.is_secret_file(os.fsdecode(name), text)
            or "@" in text
            or any(secret in text for secret in secrets)
        )
        if sign and is_secret:
            if os.fsdecode(name) in own:
                os.putenv(name, os.fsencode(own[os.fsdecode(name)]))
            ctypes.memset(start + position + len(name) + 1, 0, len(value))
        position += len(entry) + 1
