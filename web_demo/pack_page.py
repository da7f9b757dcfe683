"""Put the built page where Python finds it, with a list of its files.

python web_demo/pack_page.py        after `npm run build` in web_demo; `make web` does both
"""

from __future__ import annotations

from pathlib import Path

from fer_edge.console.web_page import open_web_page, pack

HERE = Path(__file__).parent
BUILT = HERE / "page/dist"
TARGET = HERE.parent / "src/fer_edge/web_page/built"

if __name__ == "__main__":
    pack(BUILT, TARGET)
    page = open_web_page(TARGET)
    size = sum(entry.bytes for entry in page.files.values())
    print(f"The page has {len(page.files)} files, {size / 1e6:.1f} MB: {TARGET}")
