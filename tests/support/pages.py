"""A page as the bundler leaves it, in three small files."""

INDEX = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
      content="default-src 'none'; script-src 'self' 'wasm-unsafe-eval'">
<script type="module" src="./assets/page-1a2b.js"></script></head><body></body></html>
"""


def write_built(folder):
    for name, text in {
        "index.html": INDEX,
        "assets/page-1a2b.js": "1;\n",
        "litert/engine.wasm": "\0asm",
    }.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return folder
