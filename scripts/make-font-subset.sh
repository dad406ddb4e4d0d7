#!/bin/sh
# Makes assets/fonts/NotoSansSC-subset.otf from Debian's fonts-noto-cjk with fonttools, for the native pictures and the wall.
# Needs:  apt install fonts-noto-cjk python3 python3-venv     (fonttools comes by pip into a throw-away environment)
set -eu
here=$(cd "$(dirname "$0")/.." && pwd)
source=${NOTO_CJK:-/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc}
out=$here/assets/fonts/NotoSansSC-subset.otf
[ -r "$source" ] || { echo "cannot read $source: apt install fonts-noto-cjk" >&2; exit 1; }
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
python3 -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install -q 'fonttools==4.63.0'

# What the font must hold: GB 2312 hanzi (levels 1 and 2), its punctuation and symbols, Latin, digits, arrows, and every
# character that appears in this project's own sources.
"$scratch/venv/bin/python" - "$here" > "$scratch/text" <<'PY'
import pathlib, sys
keep = {chr(c) for c in range(0x20, 0x7F)} | {chr(c) for c in range(0xA0, 0x180)}
for row in [*range(0xA1, 0xAA), *range(0xB0, 0xF8)]:
    for cell in range(0xA1, 0xFF):
        try:
            keep.add(bytes((row, cell)).decode("gb2312"))
        except UnicodeDecodeError:
            pass
keep |= set("·°²³%‰≥≤≠≈<>±×÷←↑→↓↔↕⇒–—‘’“”…•′″€¥￥①②③④⑤⑥⑦⑧⑨⑩■□▲△▼▽◆◇○●★☆✓✕⚠　、。〈〉《》「」『』【】〔〕")
root = pathlib.Path(sys.argv[1])
for folder in ("assets", "docs", "src-tauri", "ui/src", "README.zh-CN.md"):
    for file in sorted(root.glob(folder if "." in folder else folder + "/**/*")):
        if file.suffix in {".rs", ".ts", ".vue", ".md", ".json", ".toml", ".csv", ".geojson", ".ndjson"} and file.is_file():
            keep |= {c for c in file.read_text("utf-8", "ignore") if "\u3000" < c < "\ufffe"}
sys.stdout.write("".join(sorted(keep)))
PY

# Face 2 of the collection is Noto Sans CJK SC. No hinting and no OpenType features: the glyphs are drawn from their outlines.
"$scratch/venv/bin/pyftsubset" "$source" --font-number=2 --text-file="$scratch/text" --output-file="$out" \
  --no-hinting --layout-features='' --drop-tables+=vhea,vmtx,VORG,BASE,GSUB,GPOS,GDEF --name-IDs='*' --notdef-outline \
  --recommended-glyphs --no-recalc-timestamp
ls -l "$out"
