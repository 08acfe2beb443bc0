#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""figures.py README RESULT.json [--check]: writes the table that README has between the lines
"<!-- figures: unpack -->" and "<!-- end of figures -->" from what bench/unpack.py kept. With --check nothing is
written: status 1 if the two differ. Without a RESULT the place is empty.
"""
import json
import os
import sys

BEGIN, END = "<!-- figures: unpack -->\n", "<!-- end of figures -->\n"


def table(path):
    if not os.path.exists(path):
        return ""
    with open(path) as f:
        r = json.load(f)
    floor = next(min(row["seconds"]) for row in r["rows"] if row["key"] == "G")
    out = [f"An image of {r['stored'] / 1e6:.0f} MB stored, {r['raw'] / 1e6:.0f} MB unpacked, on {r['cpus']} CPUs: the fastest of {r['runs']},",
           f"and as a multiple of `gzip -dc` of its layers (`{r['command']}`; memory is the peak of all processes):", "",
           "| | seconds | × gzip | MiB |", "|---|---:|---:|---:|"]
    for row in r["rows"]:
        bold = "**" if row["label"].startswith("berth") else ""
        best = min(row["seconds"])
        out.append(f"| {bold}{row['label']}{bold} | {best:.2f} | {best / floor:.2f} | {max(row['memory']) / 2**20:.0f} |")
    return "\n".join(out) + "\n"


def main():
    readme, result = sys.argv[1:3]
    with open(readme) as f:
        text = f.read()
    head, rest = text.split(BEGIN)
    new = head + BEGIN + table(result) + END + rest.split(END)[1]
    if "--check" in sys.argv:
        if new != text:
            print(f"{readme} does not say what {result} does: run bench/figures.py")
        return new != text
    with open(readme, "w") as f:
        f.write(new)
    return 0


if __name__ == "__main__":
    sys.exit(main())
