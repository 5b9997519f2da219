"""Writes canonical.txt from Python's unicodedata: what NFD makes of each character, and the classes of combining marks.

    python3 make_canonical.py > canonical.txt

The first line says the version of Unicode. Then a line for each character that is taken apart (Hangul is computed), itself and its parts in
hexadecimal; an empty line; and a line for each range of marks: first and last in hexadecimal, the class in decimal.
"""
import unicodedata

print(unicodedata.unidata_version)
codes = [c for c in range(0x110000) if not 0xD800 <= c < 0xE000 and not 0xAC00 <= c < 0xD7A4]
for code in codes:
    parts = unicodedata.normalize("NFD", chr(code))
    if parts != chr(code):
        print(" ".join(f"{ord(c):X}" for c in chr(code) + parts))
print()
ranges = []
for code in codes:
    kind = unicodedata.combining(chr(code))
    if not kind:
        continue
    if ranges and ranges[-1][1] == code - 1 and ranges[-1][2] == kind:
        ranges[-1][1] = code
    else:
        ranges.append([code, code, kind])
for first, last, kind in ranges:
    print(f"{first:X} {last:X} {kind}")
