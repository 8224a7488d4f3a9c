"""X12: how fast interchanges are tokenized, and read with all checks and their 997, beside pyx12.

    python bench/x12.py [--quick]

One interchange of 850s with ten lines each is made in memory. `tokenizer_mb_per_s` reads its
segments alone; `validate_sets_per_s` decodes it: envelopes, each set against its map, trees and
the 997. pyx12 validates the same bytes against the same maps, with its 997, in the same process.
Each is the best of three runs, in CPU-seconds.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import time
from collections.abc import Callable

from pyx12.params import ParamsBase
from pyx12.x12n_document import x12n_document

from connectors.formats.x12 import X12Format
from connectors.formats.x12.sets import MAPS
from connectors.formats.x12.tokenizer import SegmentReader, Tokenizer
from hub.contract.format import Tree

_ISA = "ISA*00*          *00*          *08*6123450000     *ZZ*ACME           *261127*0915*U*00401*000000905*0*P*>~"
_CHUNK = 65_536
_RUNS = 3


def main() -> None:
    """Measure and print; the last line is JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="200 sets instead of 2,000: a smoke test")
    sets = 200 if parser.parse_args().quick else 2_000
    body = _interchange(sets)
    chunks = [body[start : start + _CHUNK] for start in range(0, len(body), _CHUNK)]
    ours = sets / _best(lambda: _decode(chunks, sets))
    theirs = sets / _best(lambda: _pyx12(body))
    figures = {
        "tokenizer_mb_per_s": round(len(body) / 1e6 / _best(lambda: _tokenize(chunks)), 1),
        "validate_sets_per_s": round(ours, 1),
        "pyx12_validate_sets_per_s": round(theirs, 1),
    }
    for name, value in figures.items():
        print(f"{name:30} {value:>10}")
    print(json.dumps({"bench": "x12", "figures": figures, "ratios": {"pyx12_validation": round(ours / theirs, 2)}}))


def _interchange(sets: int) -> bytes:
    parts = [_ISA, "GS*PO*BIGBOX*ACME*20261127*0915*905*X*004010~"]
    for number in range(1, sets + 1):
        lines = [f"PO1*{line}*24*EA*7.40*PE*VN*MUG-{line:03}*UP*012345678905~" for line in range(1, 11)]
        head = f"ST*850*{number:04}~BEG*00*SA*45{number:05}**20261127~REF*DP*100~N1*ST*BigBox 7*92*0007~"
        parts += [head, *lines, f"CTT*10~SE*16*{number:04}~"]
    parts.append(f"GE*{sets}*905~IEA*1*000000905~")
    return "".join(parts).encode()


def _tokenize(chunks: list[bytes]) -> None:
    tokenizer = Tokenizer(iter(chunks))
    while opening := tokenizer.open():
        reader = SegmentReader(opening.delimiters, "utf-8")
        for number, raw in enumerate(tokenizer.segments()):
            reader.read(raw, number)


def _decode(chunks: list[bytes], sets: int) -> None:
    accepted = sum(isinstance(part, Tree) for part in X12Format().decode(chunks))
    if accepted != sets:
        raise SystemExit(f"{accepted} of {sets} sets were accepted")


def _pyx12(body: bytes) -> None:
    answer = io.StringIO()
    if not x12n_document(ParamsBase(), io.StringIO(body.decode()), answer, None, map_path=str(MAPS / "004010")):
        raise SystemExit("pyx12 refuses the interchange")


def _best(work: Callable[[], None]) -> float:
    """CPU-seconds of the fastest run."""
    spent = []
    for _ in range(_RUNS):
        begun = time.process_time()
        work()
        spent.append(time.process_time() - begun)
    return min(spent)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    main()
