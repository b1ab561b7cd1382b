"""The pages of the PyPI stand-in: the simple index in JSON and HTML, and the older JSON API."""

from __future__ import annotations

import html
from datetime import UTC, datetime
from typing import Any

from packaging.utils import canonicalize_name

from release_tasks import endpoints
from release_tasks.rehearsal.pypi.store import Store, Upload, version_of
from release_tasks.rehearsal.pypi.upstream import SIMPLE_JSON, Listed
from release_tasks.rehearsal.web import Request, Response

SIMPLE_HTML = "application/vnd.pypi.simple.v1+html"
JSON = dict[str, Any]


def answer_simple(request: Request, data: JSON) -> Response:
    """Answer with an index page in the form that the client prefers (PEP 691), else 406."""
    kind = _preferred(request.headers.get("accept", "*/*"))
    if kind is None:
        return Response(406, b"no such content type\n", {"Content-Type": "text/plain"})
    headers = {"Content-Type": kind, "Vary": "Accept", "Cache-Control": "max-age=0"}
    if kind == SIMPLE_JSON:
        return Response(200, Response.of_json(data).body, headers)
    headers["Content-Type"] += "; charset=UTF-8"
    return Response(200, _page(data).encode(), headers)


def project_list(store: Store) -> JSON:
    """Return the list of the projects that were published here."""
    with store.lock:
        names = {canonicalize_name(upload.form.get("name")) for upload in store.uploads.values()}
    return {"meta": {"api-version": "1.1"}, "projects": [{"name": name} for name in sorted(names)]}


def project_page(request: Request, name: str, files: list[Listed]) -> JSON:
    """Return a project's page of the simple index (PEP 691 and 700)."""
    versions = sorted({v for file in files if (v := version_of(file.filename))})
    meta = {"api-version": "1.1", "_last-serial": len(files)}
    entries = [_entry(request, file) for file in files]
    return {"meta": meta, "name": name, "versions": versions, "files": entries}


def project_json(request: Request, store: Store, name: str, version: str = "") -> JSON | None:
    """Return what `/pypi/NAME/json` or `/pypi/NAME/VERSION/json` says, None where there is nothing."""
    files = store.files(name)
    own = store.own(name)
    wanted = [u for u in own if not version or version_of(u.listed.filename) == version]
    if files is None or not wanted:
        return store.real.about(name, version)
    base = (store.real.about(name) or {}) if not version else {}
    releases: dict[str, list[JSON]] = dict(base.get("releases", {}))
    yanked = {file.filename: file.yanked for file in files}
    for upload in own:
        number = version_of(upload.listed.filename)
        releases[number] = [*releases.get(number, []), _file_json(request, upload, yanked)]
    newest = version or _newest(releases)
    shown: JSON = {"info": _info(wanted[-1], newest), "urls": releases.get(newest, [])}
    return shown if version else shown | {"releases": releases, "last_serial": len(files)}


def address(request: Request, place: str) -> str:
    """Return the address of a file, on the host that this client can reach."""
    return f"{endpoints.PYPI_FILES if request.public else request.base}{place}"


def _newest(releases: dict[str, list[JSON]]) -> str:
    from packaging.version import Version

    known = [Version(number) for number, files in releases.items() if files]
    return str(max([v for v in known if not v.is_prerelease] or known))


def _info(upload: Upload, version: str) -> JSON:
    form = upload.form
    plain = (
        "name",
        "summary",
        "description",
        "description_content_type",
        "license",
        "author",
        "author_email",
        "requires_python",
    )
    urls = dict(
        value.split(", ", 1) for value in form.values.get("project_urls", []) if ", " in value
    )
    return {key: form.get(key) for key in plain} | {
        "version": version,
        "classifiers": form.values.get("classifiers", []),
        "license_expression": form.get("license_expression") or None,
        "requires_dist": form.values.get("requires_dist"),
        "project_urls": urls or None,
        "yanked": False,
    }


def _file_json(request: Request, upload: Upload, yanked: dict[str, str | None]) -> JSON:
    file, reason = upload.listed, yanked.get(upload.listed.filename)
    return {
        "filename": file.filename,
        "url": address(request, file.place),
        "size": file.size,
        "digests": {"sha256": file.sha256, "blake2b_256": upload.blake2},
        "packagetype": upload.form.get("filetype"),
        "python_version": upload.form.get("pyversion") or "source",
        "requires_python": file.requires_python or None,
        "upload_time_iso_8601": _iso(file.uploaded),
        "yanked": reason is not None,
        "yanked_reason": reason or None,
    }


def _entry(request: Request, file: Listed) -> JSON:
    entry: JSON = {
        "filename": file.filename,
        "url": address(request, file.place),
        "hashes": {"sha256": file.sha256} if file.sha256 else {},
        "requires-python": file.requires_python or None,
        "yanked": False if file.yanked is None else file.yanked or True,
    }
    if file.size is not None:
        entry["size"] = file.size
    if file.uploaded is not None:
        entry["upload-time"] = _iso(file.uploaded)
    metadata = {"sha256": file.metadata} if file.metadata else False
    return entry | {"core-metadata": metadata, "data-dist-info-metadata": metadata}


def _page(data: JSON) -> str:
    name = data.get("name")
    head = (
        '<!DOCTYPE html>\n<html><head><meta name="pypi:repository-version" content="1.1">'
        f"<title>{name or 'Simple index'}</title></head><body>\n"
    )
    rows = (
        [_link(file) for file in data["files"]]
        if name
        else [
            f'<a href="/simple/{project["name"]}/">{project["name"]}</a>'
            for project in data["projects"]
        ]
    )
    return head + "<br/>\n".join(rows) + "\n</body></html>\n"


def _link(file: JSON) -> str:
    given = {"data-requires-python": file["requires-python"]}
    if file["core-metadata"]:
        digest = f"sha256={file['core-metadata']['sha256']}"
        given |= {"data-core-metadata": digest, "data-dist-info-metadata": digest}
    if file["yanked"] is not False:
        given["data-yanked"] = "" if file["yanked"] is True else file["yanked"]
    attributes = "".join(
        f' {key}="{html.escape(value)}"' for key, value in given.items() if value is not None
    )
    digest = f"#sha256={file['hashes']['sha256']}" if file["hashes"] else ""
    return f'<a href="{file["url"]}{digest}"{attributes}>{file["filename"]}</a>'


def _preferred(accept: str) -> str | None:
    served = {SIMPLE_JSON: SIMPLE_JSON, SIMPLE_HTML: SIMPLE_HTML}
    served |= dict.fromkeys(("text/html", "text/*", "*/*"), "text/html")
    served |= {kind.replace("v1", "latest"): kind for kind in (SIMPLE_JSON, SIMPLE_HTML)}
    best, weight = None, 0.0
    for choice in accept.split(","):
        kind, *parameters = [part.strip() for part in choice.split(";")]
        quality = next((float(p[2:]) for p in parameters if p.startswith("q=")), 1.0)
        if kind.lower() in served and quality > weight:
            best, weight = served[kind.lower()], quality
    return best


def _iso(moment: float | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
