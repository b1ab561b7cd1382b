"""Where files of other tools have the version: each place is found, and its entry works."""

from __future__ import annotations

import re
from posixpath import basename

import pytest

from release_tasks.manifests import other_manifests
from release_tasks.manifests.other_manifests import Place, line_of_files, places
from release_tasks.manifests.text import listed
from release_tasks.manifests.version_locations import FileBump

pytestmark = pytest.mark.quick

# file, its text before the version, the text behind it
ROWS = (
    ("VERSION", "", "\n"),
    ("version.txt", "v", "\n"),
    ("pyproject.toml", '[project]\nname = "a"\nversion = "', '"\n'),
    ("pyproject.toml", '[tool.poetry]\nname = "a"\nversion = "', '"\n'),
    (
        "setup.py",
        'setup(name="a", version="',
        '", install_requires=["b==1.2.3"])\n',
    ),
    ("setup.cfg", "[metadata]\nname = a\nversion = ", "\n[options]\n"),
    ("pixi.toml", '[workspace]\nversion = "', '"\n'),
    ("pixi.toml", '[project]\nversion = "', '"\n'),
    ("package.json", '{"version": "', '", "dependencies": {"b": "1.2.3"}}'),
    ("composer.json", '{"version": "', '"}'),
    ("deno.json", '{"version": "', '"}'),
    (
        "pom.xml",
        '<?xml version="1.0"?>\n<project><modelVersion>4.0.0</modelVersion><version>',
        "</version><dependencies><dependency><version>1.2.3</version></dependency></dependencies>"
        "</project>",
    ),
    ("gradle.properties", "group=a\nversion=", "\nkotlin.version=1.9.0\n"),
    ("build.gradle", "plugins { id 'b' version '1.9.0' }\nversion = '", "'\n"),
    (
        "build.gradle.kts",
        'plugins { kotlin("jvm") version "1.2.3" }\nversion = "',
        '"\n',
    ),
    ("build.sbt", 'ThisBuild / version := "', '"\nscalaVersion := "3.3.0"\n'),
    ("project.clj", '(defproject a "', '"\n  :dependencies [[b "1.2.3"]])\n'),
    (
        "mix.exs",
        'def project do\n    [\n      app: :a,\n      version: "',
        '",\n      deps: [{:b, version: "1.2.3"}]\n',
    ),
    (
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.20.0)\nproject(a\n  VERSION ",
        ")\n",
    ),
    (
        "meson.build",
        "project('a', 'c',\n  version: '",
        "',\n  meson_version: '>=1.2.3')\n",
    ),
    (
        "MODULE.bazel",
        'module(\n    name = "a",\n    version = "',
        '",\n)\nbazel_dep(name = "b", version = "1.2.3")\n',
    ),
    (
        "configure.ac",
        "AC_PREREQ([2.69])\nAC_INIT([a], [",
        "], [mail@example.org])\n",
    ),
    (
        "DESCRIPTION",
        "Package: a\nTitle: A\nVersion: ",
        "\nImports: b (>= 1.2.3)\n",
    ),
    ("a.cabal", "cabal-version: 2.4\nname: a\nversion: ", "\n"),
    ("Project.toml", 'name = "A"\nversion = "', '"\n'),
    ("gleam.toml", 'name = "a"\nversion = "', '"\n'),
    ("build.zig.zon", '.{\n    .name = .a,\n    .version = "', '",\n}\n'),
    ("shard.yml", "name: a\nversion: ", "\n"),
    ("galaxy.yml", "namespace: a\nversion: ", "\n"),
    ("pubspec.yaml", "name: a\nversion: ", "\n"),
    ("src-tauri/Cargo.toml", '[package]\nname = "a"\nversion = "', '"\n'),
    ("rust/Cargo.toml", '[workspace.package]\nversion = "', '"\n'),
    ("src-tauri/tauri.conf.json", '{"version": "', '"}'),
    ("codemeta.json", '{"name": "a", "version": "', '"}'),
    ("manifest.json", '{"manifest_version": 3, "version": "', '"}'),
    ("CITATION.cff", "cff-version: 1.2.0\nversion: ", "\n"),
    ("snap/snapcraft.yaml", "name: a\nversion: '", "'\n"),
    ("api/openapi.yaml", "openapi: 3.0.3\ninfo:\n  version: ", "\n"),
    ("openapi.json", '{"openapi": "3.0.3", "info": {"version": "', '"}}'),
    (
        "A/A.csproj",
        "<Project><PropertyGroup><Version>",
        '</Version></PropertyGroup><ItemGroup><PackageReference Include="B" Version="1.2.3" />'
        "</ItemGroup></Project>",
    ),
    (
        "Directory.Build.props",
        "<Project><PropertyGroup><VersionPrefix>",
        "</VersionPrefix></PropertyGroup></Project>",
    ),
    (
        "a.nuspec",
        "<package><metadata><version>",
        "</version></metadata></package>",
    ),
    (
        "Dockerfile",
        'FROM a:1.2.3\nLABEL org.opencontainers.image.version="',
        '"\n',
    ),
    ("Dockerfile", "ARG GO_VERSION=1.2.3\nARG VERSION=", "\n"),
    ("docker/app.Dockerfile", "ENV APP_VERSION ", "\n"),
    ("flake.nix", '{\n  pname = "a";\n  version = "', '";\n}\n'),
    (
        "internal/version/version.go",
        'package version\n\nconst Version = "',
        '"\n',
    ),
    ("cmd/a/main.go", 'package main\n\nvar (\n\tversion string = "v', '"\n)\n'),
    ("lib/a/version.rb", 'module A\n  VERSION = "', '"\nend\n'),
    ("a.gemspec", 'Gem::Specification.new do |s|\n  s.version = "', '"\nend\n'),
    ("a.nimble", 'version       = "', '"\n'),
    ("a.spec", "Name: a\nVersion: ", "\n"),
    ("PKGBUILD", "pkgname=a\npkgver=", "\n"),
    ("Makefile", "VERSION ?= ", "\n"),
    ("app/__init__.py", '__version__ = "', '"\n'),
    ("src/version.ts", 'export const VERSION = "', '";\n'),
    ("include/version.h", '#define A_VERSION "', '"\n'),
    ("elm.json", '{"type": "package", "version": "', '"}'),
    ("vcpkg.json", '{"name": "a", "version": "', '"}'),
    ("vcpkg.json", '{"name": "a", "version-semver": "', '"}'),
    ("vcpkg.json", '{"name": "a", "version-string": "', '"}'),
    (
        "metadata.json",
        '{"name": "a-b", "version": "',
        '", "dependencies": [{"name": "c", "version_requirement": ">= 1.2.3"}]}',
    ),
    ("metadata.rb", "name 'a'\nversion '", "'\ndepends 'b', '1.2.3'\n"),
    ("gradle.properties", "VERSION_NAME=", "\nkotlin.version=1.2.3\n"),
    ("gradle.properties", "minecraft_version=1.2.3\nmod_version=", "\n"),
    ("gradle.properties", "pluginVersion = ", "\nplatformVersion = 1.2.3\n"),
    ("build.gradle", "allprojects {\n    version = '", "'\n}\n"),
    ("build.sbt", '  version in ThisBuild := "', '",\n'),
    ("version.sbt", 'ThisBuild / version := "', '"\n'),
    (
        "mix.exs",
        'defmodule A do\n  @version "',
        '"\n  def project, do: [app: :a, version: @version]\n',
    ),
    ("package.yaml", "name: a\nversion: ", "\ndependencies:\n- b == 1.2.3\n"),
    ("dune-project", "(lang dune 3.0)\n(name a)\n(version ", ")\n"),
    ("dist.ini", "name = A\nversion = ", "\n"),
    (
        "conanfile.py",
        'class A(ConanFile):\n    name = "a"\n    version = "',
        '"\n    requires = "b/1.2.3"\n',
    ),
    ("project.godot", '[application]\nconfig/version="', '"\n'),
    (
        "Directory.Build.props",
        "<Project><PropertyGroup><Version>",
        "</Version></PropertyGroup></Project>",
    ),
    ("A/AssemblyInfo.cs", '[assembly: AssemblyVersion("', '")]\n'),
    (
        "app/build.gradle",
        'android {\n  defaultConfig {\n    versionCode 3\n    versionName "',
        '"\n',
    ),
    (
        "ios/Info.plist",
        "<dict><key>CFBundleShortVersionString</key>\n<string>",
        "</string></dict>",
    ),
    ("src/a.app.src", '{application, a, [{vsn, "', '"}, {modules, []}]}.\n'),
    (
        ".bumpversion.cfg",
        "[bumpversion]\ncurrent_version = ",
        "\ncommit = True\n",
    ),
    (".bumpversion.toml", '[tool.bumpversion]\ncurrent_version = "', '"\n'),
    ("pyproject.toml", '[tool.bumpversion]\ncurrent_version = "', '"\n'),
    ("pyproject.toml", '[tool.commitizen]\nversion = "', '"\n'),
    (".cz.toml", '[tool.commitizen]\nversion = "', '"\n'),
    (".release-please-manifest.json", '{".": "', '", "b": "1.2.3"}'),
    ("docs/conf.py", 'version = "1.2"\nrelease = "', '"\n'),
    ("Doxyfile", "PROJECT_NAME = A\nPROJECT_NUMBER = ", "\n"),
    ("docs/antora.yml", "name: a\nversion: '", "'\n"),
    ("sonar-project.properties", "sonar.projectVersion=", "\n"),
    ("readme.txt", "=== A ===\nRequires PHP: 7.4.0\nStable tag: ", "\n"),
    ("style.css", "/*\nTheme Name: A\nVersion: ", "\n*/\n"),
)


@pytest.mark.parametrize(
    ("path", "before", "after"), ROWS, ids=[row[0] for row in ROWS]
)
def test_the_version_is_found_and_its_entry_of_files_sets_nothing_else(
    path: str, before: str, after: str
) -> None:
    text = f"{before}1.2.3{after}"
    [found] = places(path, text)
    assert found.version == "1.2.3"
    assert found.line == before.count("\n") + 1
    entry = listed(found.spec)
    changed = entry.set_versions(text, FileBump(path, {}, "1.3.0"))
    assert changed == f"{before}1.3.0{after}"


def test_every_rule_has_a_row() -> None:
    paths = [basename(path) for path, _, _ in ROWS]
    for form in other_manifests.FORMS:
        assert any(re.fullmatch(form.name, name) for name in paths), form


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("VERSION", "see version.txt\n"),
        ("package.json", '{"name": "a"}'),
        ("package.json", "no JSON"),
        ("pom.xml", "<project><version>${revision}</version></project>"),
        ("version.go", 'package v\n\nvar Version = "dev"\n'),
        ("Dockerfile", "ARG NODE_VERSION=1.2.3\nFROM a:1.2.3\n"),
        ("Makefile", "GO_VERSION = 1.2.3\n"),
        (
            "CMakeLists.txt",
            "cmake_minimum_required(VERSION 3.20.0)\nproject(a)\n",
        ),
        ("mix.exs", '{:b, "1.2.3"}\n'),
        ("README.md", "version 1.2.3\n"),
    ],
)
def test_other_numbers_are_no_version_of_the_project(
    path: str, text: str
) -> None:
    assert places(path, text) == []


def test_a_text_that_is_twice_in_a_file_gets_the_line_before_it() -> None:
    text = 'a = 1\nversion = "1.2.3"\n\nb = 1\nversion = "1.2.3"\n'
    assert places("flake.nix", text) == [
        Place("1.2.3", 2, 'a = 1\nversion = "{version}"', False)
    ]


def test_an_entry_is_quoted_as_toml() -> None:
    assert line_of_files("a", "version") == '"a" = "version"'
    assert line_of_files("a", 'V = "{version}"') == '"a" = \'V = "{version}"\''
    assert line_of_files("a", 'b\nV = "{version}"') == (
        '"a" = "b\\nV = \\"{version}\\""'
    )
