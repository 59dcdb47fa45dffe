"""Finding connectors in the tree, in drop-in folders and in packages, with a cache that is not believed too long."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

import connectors
from connectors.base import BaseConnector
from connectors.discovery import BrokenConnector, Catalog, discover
from connectors.errors import DeclarationError
from connectors.registry import discover_connectors
from connectors.sources import SDK_MODULES

CONNECTOR = """
from connectors.base import BaseConnector
from connectors.registry import AuthField, Capability, ConnectorMeta

class {slug}_connector(BaseConnector):
    meta = ConnectorMeta(
        name="{name}", slug="{slug}", description="{description}",
        entity_types=["deals"], capabilities=[Capability.SYNC], auth_fields=[AuthField("host", "Host")],
    )
    async def sync_deals(self):
        return []
"""


def source(slug: str, *, name: str = "", description: str = "") -> str:
    return CONNECTOR.format(slug=slug, name=name or slug.title(), description=description)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of its own, the only one that discovery knows."""
    monkeypatch.setenv("REVTOPS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("REVTOPS_CONNECTORS_PATH", raising=False)
    (tmp_path / "home" / "connectors").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture
def drop_in(home: Path) -> Callable[[str, str], Path]:
    """Writes a file into the drop-in folder."""

    def write(name: str, text: str) -> Path:
        path = home / "connectors" / name
        path.write_text(text)
        return path

    return write


def from_folder(catalog: Catalog, folder: Path) -> list[str]:
    return [slug for slug, info in catalog.items() if info.source.startswith(str(folder))]


def broken_in(catalog: Catalog, path: Path) -> BrokenConnector:
    [broken] = [b for b in catalog.broken if b.source == str(path)]
    return broken


SCRIPT = """
import json, sys
from connectors.discovery import discover
catalog = discover(refresh="refresh" in sys.argv)
loaded = sorted(sys.modules)
answer = {
    "manifests": {slug: info.manifest for slug, info in catalog.items()},
    "sources": {slug: info.source for slug, info in catalog.items()},
    "broken": {b.name: b.reason for b in catalog.broken},
    "modules": loaded,
    "classes": {slug: catalog[slug].load().__qualname__ for slug in sys.argv[1:] if slug != "refresh"},
}
print(json.dumps(answer))
"""


@pytest.fixture
def fresh_process(home: Path, tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Discovers in a new interpreter. `path`: further directories of its `sys.path`; arguments: slugs to load."""
    quiet = tmp_path / "elsewhere"
    quiet.mkdir()

    def run(*arguments: str, path: Sequence[Path] = (), **environment: str) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path)), **environment},
            cwd=quiet,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return answer

    return run


# -- in tree


def test_every_module_of_the_package_is_the_sdk_or_a_connector() -> None:
    folder = Path(connectors.__file__).parent
    stems = {path.stem for path in folder.glob("[!_]*.py")}
    packages = {path.parent.name for path in folder.glob("[!_]*/__init__.py")}
    assert stems | packages >= SDK_MODULES, "a name in SDK_MODULES is no module any more"
    catalog = discover()
    in_tree = {slug for slug, info in catalog.items() if Path(info.source).parent == folder}
    assert [broken for broken in catalog.broken if Path(broken.source).parent == folder] == []
    assert in_tree == stems - SDK_MODULES


def test_the_template_is_not_a_connector(home: Path) -> None:
    assert not any("_template" in info.source for info in discover().values())


# -- drop-in folders


def test_a_file_dropped_in_is_a_connector(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    path = drop_in("dropped_crm.py", source("dropped_crm", name="Dropped CRM"))
    info = discover()["dropped_crm"]
    assert (info.slug, info.source) == ("dropped_crm", str(path))
    assert issubclass(info.load(), BaseConnector)
    assert info.load().meta.name == "Dropped CRM"
    assert info.load() is info.load()


def test_the_manifest_has_what_scripts_rely_on(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    drop_in(
        "full.py",
        """
from connectors.base import BaseConnector
from connectors.registry import *

class Full(BaseConnector):
    meta = ConnectorMeta(
        name="Full", slug="full", auth_type=AuthType.API_KEY, scope=ConnectorScope.ORGANIZATION, icon="box",
        description="Everything", query_description="Ask", usage_guide="How to",
        capabilities=[Capability.QUERY, Capability.WRITE, Capability.ACTION, Capability.LISTEN],
        write_operations=[WriteOperation("create", "issue", "Create one", [{"name": "title", "type": "string"}])],
        actions=[ConnectorAction("send", "Send it", [{"name": "text", "type": "text", "required": True}])],
        event_types=[EventType("seen", "It was seen")],
    )
    async def query(self, request): ...
    async def write(self, operation, data): ...
    async def execute_action(self, action, params): ...
    async def handle_event(self, event_type, payload): ...
""",
    )
    assert discover()["full"].manifest == {
        "slug": "full",
        "name": "Full",
        "description": "Everything",
        "auth_type": "api_key",
        "scope": "organization",
        "entity_types": [],
        "capabilities": ["query", "write", "action", "listen"],
        "write_operations": [
            {
                "name": "create",
                "entity_type": "issue",
                "description": "Create one",
                "parameters": [{"name": "title", "type": "string"}],
                "idempotency": "absolute",
                "client_id": "",
            }
        ],
        "actions": [
            {
                "name": "send",
                "description": "Send it",
                "parameters": [{"name": "text", "type": "text", "required": True}],
                "read_only": False,
            }
        ],
        "event_types": [{"name": "seen", "description": "It was seen"}],
        "query_description": "Ask",
        "auth_fields": [
            {
                "name": "api_key",
                "label": "API key",
                "type": "password",
                "required": True,
                "help_text": "",
                "default": None,
                "choices": [],
                "env": "",
            }
        ],
        "nango_integration_id": None,
        "icon": "box",
        "usage_guide": "How to",
        "oauth_scopes": [],
        "oauth": None,
        "builtin": False,
    }


def test_the_catalog_is_in_the_order_of_names(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    drop_in("one.py", source("one", name="zebra"))
    drop_in("two.py", source("two", name="Yak"))
    assert from_folder(discover(), home) == ["two", "one"]


def test_folders_of_the_environment_come_after_the_data_directory(
    home: Path, drop_in: Callable[[str, str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = drop_in("shared_slug.py", source("shared_slug"))
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    second = tmp_path / "a" / "shared_slug.py"
    second.write_text(source("shared_slug"))
    (tmp_path / "b" / "other_slug.py").write_text(source("other_slug"))
    folders = [tmp_path / "a", tmp_path / "b", tmp_path / "b" / ".." / "a"]
    monkeypatch.setenv("REVTOPS_CONNECTORS_PATH", os.pathsep.join(map(str, folders)))

    catalog = discover_connectors()

    assert catalog["shared_slug"].source == str(first)
    assert catalog["other_slug"].source == str(tmp_path / "b" / "other_slug.py")
    duplicate = broken_in(catalog, second)
    assert duplicate.name == "shared_slug"
    assert str(first) in duplicate.reason
    assert str(second) in duplicate.reason


def test_a_folder_that_was_asked_for_and_is_not_there_is_told(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REVTOPS_CONNECTORS_PATH", str(tmp_path / "typo"))
    (home / "connectors").rmdir()
    broken = broken_in(discover(), tmp_path / "typo")
    assert broken.reason == "The folder cannot be read: No such file or directory."
    assert [b for b in discover().broken if str(home) in b.source] == []


def test_one_file_may_hold_several_connectors_and_their_base(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    drop_in(
        "family.py",
        """
from connectors.base import BaseConnector
from connectors.registry import Capability, ConnectorMeta
import connectors.base

class Shared(BaseConnector):
    async def sync_deals(self):
        return []

class One(Shared):
    meta = ConnectorMeta(name="One", slug="family_one", entity_types=["deals"], capabilities=[Capability.SYNC])

class Two(Shared):
    meta = ConnectorMeta(name="Two", slug="family_two", entity_types=["dealz"], capabilities=[Capability.SYNC])

Alias = One
""",
    )
    catalog = discover()
    assert from_folder(catalog, home) == ["family_one"]
    [broken] = [b for b in catalog.broken if b.name == "family_two"]
    assert "did you mean `deals`?" in broken.reason


def test_a_drop_in_may_import_a_helper_beside_it(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    helper = drop_in("_names.py", 'NAME = "Helped"\n')
    path = drop_in("helped.py", "from ._names import NAME\n" + source("helped").replace('name="Helped"', "name=NAME"))
    assert discover()["helped"].manifest["name"] == "Helped"

    helper.write_text('NAME = "Helped twice"\n')
    assert discover()["helped"].manifest["name"] == "Helped twice"

    helper.unlink()
    assert "No module named" in broken_in(discover(), path).reason

    helper.write_text('NAME = "Helped again"\n')
    assert discover()["helped"].manifest["name"] == "Helped again"


# -- what is broken


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\nimport surely_not_installed\n", "bad.py:2: ModuleNotFoundError: No module named 'surely_not_installed'"),
        ("x = 1\ndef (:\n", "bad.py:2: SyntaxError: "),
        ("import sys\nsys.exit(3)\n", "bad.py:2: SystemExit: 3"),
        ("import asyncio\nraise asyncio.CancelledError\n", "bad.py:2: asyncio.exceptions.CancelledError"),
        ("def f():\n    1 / 0\nf()\n", "bad.py:2: ZeroDivisionError: division by zero"),
        ("raise ValueError('red \\x1b[31m\\nand more')\n", "bad.py:1: ValueError: red \\x1b[31m"),
        ("class Odd(Exception):\n    def __str__(self): 1/0\nraise Odd\n", "bad.py:3: "),
        ("x = 1\n", "bad.py defines no subclass of BaseConnector with a `meta`."),
        (source("Bad-Slug").replace("Bad-Slug_connector", "Bad"), "The slug must be 2 to 63 lower-case letters"),
        (
            "from connectors.base import BaseConnector\nclass Bad(BaseConnector):\n    meta = 5\n",
            "The `meta` of Bad must",
        ),
        ("\x00", "SyntaxError: source code string cannot contain null bytes"),
    ],
)
def test_a_broken_file_is_listed_with_its_reason_and_takes_nothing_down(
    home: Path, drop_in: Callable[[str, str], Path], text: str, reason: str
) -> None:
    drop_in("good_one.py", source("good_one"))
    path = drop_in("bad.py", text)
    catalog = discover()
    assert "good_one" in catalog
    assert reason in broken_in(catalog, path).reason
    assert broken_in(catalog, path).reason.isprintable()


def test_a_class_with_a_broken_declaration_is_listed_by_its_own_name(
    home: Path, drop_in: Callable[[str, str], Path]
) -> None:
    drop_in("bad.py", "from connectors.base import BaseConnector\nclass NoMeta(BaseConnector):\n    meta = 5\n")
    [broken] = discover().broken
    assert broken.name == "NoMeta"


def test_a_file_name_that_cannot_be_imported(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    path = drop_in("my-crm.v2.py", source("my_crm"))
    assert "my-crm.v2.py is no Python name" in broken_in(discover(), path).reason


def test_an_interrupt_is_not_swallowed(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    drop_in("stop.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        discover()


def test_what_a_connector_prints_does_not_reach_stdout(
    drop_in: Callable[[str, str], Path], fresh_process: Callable[..., dict[str, Any]]
) -> None:
    drop_in("chatty.py", "print('hello')\n" + source("chatty"))
    assert "chatty" in fresh_process("chatty")["manifests"]


# -- changes


def test_load_gives_the_class_as_the_file_has_it_now(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    drop_in("edited.py", source("edited", description="A"))
    info = discover()["edited"]
    assert info.load().meta.description == "A"

    drop_in("edited.py", source("edited", description="B"))
    assert info.load().meta.description == "B"
    assert discover()["edited"].manifest["description"] == "B"

    drop_in("edited.py", "x = 1\n")
    with pytest.raises(DeclarationError, match="edited_connector"):
        info.load()


def test_a_file_that_was_removed_is_gone(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    path = drop_in("fleeting.py", source("fleeting"))
    assert "fleeting" in discover()
    path.unlink()
    assert "fleeting" not in discover()


# -- the cache

COUNTING = "from pathlib import Path\nwith Path({log!r}).open('a') as log:\n    log.write('x')\n"


@pytest.fixture
def imports(tmp_path: Path) -> Callable[[], int]:
    """How often the connectors written with `counting` were imported."""
    (tmp_path / "log").touch()
    return lambda: len((tmp_path / "log").read_text())


@pytest.fixture
def counting(tmp_path: Path, imports: Callable[[], int]) -> str:
    """The beginning of a connector's file that counts its imports."""
    return COUNTING.format(log=str(tmp_path / "log"))


def test_an_unchanged_connector_is_not_imported_again(
    drop_in: Callable[[str, str], Path],
    fresh_process: Callable[..., dict[str, Any]],
    counting: str,
    imports: Callable[[], int],
) -> None:
    drop_in("counted.py", counting + source("counted"))
    drop_in("counted_broken.py", counting + "1 / 0\n")
    first = fresh_process()
    assert imports() == 2
    second = fresh_process()
    assert imports() == 2
    assert second["manifests"] == first["manifests"]
    assert second["broken"] == first["broken"]

    drop_in("counted.py", counting + source("counted", description="changed"))
    assert fresh_process()["manifests"]["counted"]["description"] == "changed"
    assert imports() == 3, "only the changed one"

    fresh_process("refresh")
    assert imports() == 5


def test_a_listing_from_the_cache_imports_nothing_heavy(
    drop_in: Callable[[str, str], Path], fresh_process: Callable[..., dict[str, Any]]
) -> None:
    drop_in("listed.py", source("listed"))
    fresh_process()
    listed = fresh_process()
    assert "listed" in listed["manifests"]
    tops = {name.partition(".")[0] for name in listed["modules"]}
    heavy = {
        "pydantic",
        "aiohttp",
        "httpx2",
        "keyring",
        "sqlalchemy",
        "sqlmodel",
        "textual",
        "rich",
        "asyncio",
        "alembic",
    }
    assert not tops & heavy
    assert not tops & {"dataclasses", "inspect", "typing", "revtops_dropin", "orjson"}
    assert "importlib.metadata" not in listed["modules"]
    assert {name for name in listed["modules"] if name.startswith("connectors")} == {
        "connectors",
        "connectors.discovery",
        "connectors.sources",
    }


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\xfe", b"half", b"null\nnull", b"another header"])
def test_a_damaged_cache_is_ignored(home: Path, drop_in: Callable[[str, str], Path], content: bytes) -> None:
    drop_in("kept.py", source("kept"))
    discover()
    cache = home / "cache" / "manifest.json"
    whole = cache.read_bytes()
    header, _, body = whole.partition(b"\n")
    damaged = {b"half": whole[: len(whole) // 2], b"another header": header[:-2] + b"]\n" + body}.get(content, content)
    cache.write_bytes(damaged)
    assert "kept" in discover()
    assert cache.read_bytes() == whole


def test_a_cache_that_cannot_be_written_is_done_without(home: Path, drop_in: Callable[[str, str], Path]) -> None:
    drop_in("kept.py", source("kept"))
    (home / "cache").write_text("in the way")
    assert "kept" in discover()
    assert "kept" in discover()


def test_a_cache_that_cannot_be_replaced_leaves_nothing_behind(home: Path) -> None:
    (home / "cache" / "manifest.json" / "in the way").mkdir(parents=True)
    discover()
    assert [path.name for path in (home / "cache").iterdir()] == ["manifest.json"]


def test_the_cache_is_readable_by_its_owner_only(home: Path) -> None:
    discover()
    assert (home / "cache" / "manifest.json").stat().st_mode & 0o077 == 0
    assert [path.name for path in (home / "cache").iterdir()] == ["manifest.json"]


def test_a_home_given_by_argument_keeps_its_own_cache(home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    (other / "connectors").mkdir(parents=True)
    (other / "connectors" / "elsewhere.py").write_text(source("elsewhere"))
    assert "elsewhere" in discover(home=other)
    assert (other / "cache" / "manifest.json").exists()
    assert "elsewhere" not in discover()


def test_without_a_home_the_platform_s_places_are_used(
    fresh_process: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("REVTOPS_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    user = tmp_path / "user"
    user.mkdir()
    fresh_process(HOME=str(user), USERPROFILE=str(user))
    [cache] = user.rglob("manifest.json")
    assert "revtops" in cache.parts


def test_a_broken_connector_is_tried_again_when_a_package_was_installed(
    drop_in: Callable[[str, str], Path], fresh_process: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    site = tmp_path / "site"
    site.mkdir()
    drop_in("needy.py", "import late_dependency\n" + source("needy"))
    assert "No module named 'late_dependency'" in fresh_process(path=[site])["broken"]["needy"]
    (site / "late_dependency.py").touch()
    assert "needy" in fresh_process(path=[site])["manifests"]


# -- installed packages


def install(site: Path, module: str, text: str, *, point: str, package: str = "Acme_CRM", version: str = "1.0") -> None:
    """What an installer leaves behind: a module and the package's metadata."""
    (site / f"{module}.py").write_text(text)
    info = site / f"{package}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n")
    (info / "entry_points.txt").write_text(f"[revtops.connectors]\n{point}\n")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A directory that packages are installed into."""
    (tmp_path / "site").mkdir()
    return tmp_path / "site"


def test_an_installed_package_brings_its_connector(
    fresh_process: Callable[..., dict[str, Any]], site: Path, counting: str, imports: Callable[[], int]
) -> None:
    install(site, "acme", counting + source("acme_crm"), point="acme_crm = acme:acme_crm_connector")
    found = fresh_process("acme_crm", path=[site])
    assert found["sources"]["acme_crm"] == "entry point acme_crm = acme:acme_crm_connector of acme-crm"
    assert found["classes"] == {"acme_crm": "acme_crm_connector"}
    assert imports() == 1
    fresh_process(path=[site])  # the import put byte code into the directory: it changed, and is looked through again

    listed = fresh_process(path=[site])
    assert listed["manifests"] == found["manifests"]
    assert imports() == 1
    assert "importlib.metadata" not in listed["modules"]


def test_an_edit_in_an_installed_package_is_seen(fresh_process: Callable[..., dict[str, Any]], site: Path) -> None:
    install(site, "acme", source("acme_crm"), point="acme_crm = acme:acme_crm_connector")
    fresh_process(path=[site])
    (site / "acme.py").write_text(source("acme_crm", description="edited"))
    assert fresh_process(path=[site])["manifests"]["acme_crm"]["description"] == "edited"


def test_a_package_that_was_removed_is_gone(fresh_process: Callable[..., dict[str, Any]], site: Path) -> None:
    install(site, "acme", source("acme_crm"), point="acme_crm = acme:acme_crm_connector")
    assert "acme_crm" in fresh_process(path=[site])["manifests"]
    info = site / "Acme_CRM-1.0.dist-info"
    info.rename(site / "removed")
    assert "acme_crm" not in fresh_process(path=[site])["manifests"]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ("gone = surely_not_there:Connector", "No module named 'surely_not_there'"),
        ("gone = acme:Missing", "has no attribute 'Missing'"),
        ("gone = acme:Capability", "Capability is not a subclass of BaseConnector"),
        ("gone = os", "os defines no subclass of BaseConnector"),
    ],
)
def test_a_broken_entry_point_is_listed(
    fresh_process: Callable[..., dict[str, Any]], site: Path, point: str, reason: str
) -> None:
    install(site, "acme", source("acme_crm"), point=point)
    assert reason in fresh_process(path=[site])["broken"]["gone"]
    assert reason in fresh_process(path=[site])["broken"]["gone"]


def test_the_first_of_two_installations_hides_the_other(
    fresh_process: Callable[..., dict[str, Any]], site: Path, tmp_path: Path
) -> None:
    old = tmp_path / "old"
    old.mkdir()
    install(site, "acme", source("acme_crm"), point="acme_crm = acme:acme_crm_connector", version="2.0")
    install(old, "acme", source("acme_old"), point="acme_old = acme:acme_old_connector", package="acme.crm")
    found = fresh_process(path=[site, old])
    assert "acme_crm" in found["manifests"]
    assert "acme_old" not in found["manifests"]
    assert found["broken"] == {}


def test_a_half_removed_package_stops_nobody(fresh_process: Callable[..., dict[str, Any]], site: Path) -> None:
    install(site, "acme", source("acme_crm"), point="acme_crm = acme:acme_crm_connector")
    install(site, "rest", source("rest_crm"), point="rest_crm = rest:rest_crm_connector", package="aaa")
    (site / "aaa-1.0.dist-info" / "METADATA").unlink()
    assert "acme_crm" in fresh_process(path=[site])["manifests"]
