"""Whatever text a user types, the only exception is `ReleaseError`."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from release_tasks.errors import ReleaseError
from release_tasks.versions.numbers import from_pep440, parse, pep440
from release_tasks.versions.requests import next_version, parse_request
from release_tasks.versions.templates import expand, oci_tag


@given(
    st.text(max_size=30)
    | st.from_regex(
        r"[v0-9]{1,3}(\.[0-9]{1,3}){0,4}([-+][a-z0-9.]{0,6})?", fullmatch=True
    )
)
def test_any_text_gives_a_result_or_a_release_error(text):
    def level(version):
        return next_version(version, "rc")

    def template(version):
        return expand(version, "1.0.0")

    for function in (
        parse,
        pep440,
        from_pep440,
        parse_request,
        oci_tag,
        level,
        template,
    ):
        with suppress(ReleaseError):
            assert function(text) is not None
