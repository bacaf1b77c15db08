"""Files of answers as people and crashes leave them: what is in the file, and words of the sentence that refuses it.

`None` for the words: the file is read, and holds that many answers. benchmarks/faults.py feeds the same table to the stage.
"""

from json import dumps
from typing import Any, NamedTuple

GOOD: dict[str, Any] = {
    "query": "r1-00001",
    "image": "a/0",
    "footprint": {"size": [2, 4], "runs": [2, 3, 3]},
    "kind": "class",
    "classes": ["leaf"],
}


class Case(NamedTuple):
    name: str
    content: bytes
    words: str | None  # of the sentence, after "<file>, line <n>: "; None: it is read
    line: int = 1  # the line that is named; 0: none, the file as a whole
    answers: int = 1  # where it is read


def line(**changes: Any) -> bytes:
    return dumps({**GOOD, **changes}).encode() + b"\n"


def field(name: str, text: str) -> bytes:
    """The good line with one more field, written as it is."""
    return dumps(GOOD)[:-1].encode() + f', "{name}": {text}}}\n'.encode()


def footprint(text: str) -> bytes:
    return dumps({**GOOD, "footprint": 0}).replace('"footprint": 0', f'"footprint": {text}').encode() + b"\n"


good = line()
READ = [
    Case("plain", good, None),
    Case("empty file", b"", None, answers=0),
    Case("empty lines", b"\n\n" + good + b"  \t\n" + good, None, answers=2),
    Case("no newline at the end", good.rstrip(), None),
    Case("byte order mark", b"\xef\xbb\xbf" + good, None),
    Case("byte order mark in the middle", good + b"\xef\xbb\xbf" + good, None, answers=2),
    Case("CRLF", (good + good).replace(b"\n", b"\r\n"), None, answers=2),
    Case("CR alone", (good + good).replace(b"\n", b"\r"), None, answers=2),
    Case("raw U+2028 in a comment", dumps({**GOOD, "comment": "a\u2028b\x85c"}, ensure_ascii=False).encode(), None),
    Case("escaped U+2028", line(comment="a\u2028b"), None),
    Case("emoji as a surrogate pair", field("comment", '"\\ud83c\\udf42"'), None),
    Case("right-to-left name", line(who="\u05e2\u05d3\u05d4"), None),
    Case("empty runs", footprint('{"size": [2, 4], "runs": [1, 0, 1, 3, 3, 0, 0]}'), None),
    Case("null where a value may be left out", line(clicks=None, mask=None, when=None), None),
    Case("clicks as a whole number", line(clicks=3, seconds=0), None),
]
REFUSED = [
    Case("Infinity", field("clicks", "Infinity"), "Infinity is not a number"),
    Case("NaN", field("seconds", "NaN"), "NaN is not a number"),
    Case("1e308 clicks", field("clicks", "1e308"), "answer.clicks must be at most 1000000"),
    Case("1e999 seconds", field("seconds", "1e999"), "answer.seconds"),
    Case("negative clicks", line(clicks=-1), "answer.clicks must be at least 0"),
    Case("clicks as text", line(clicks="3"), "answer.clicks must be a number"),
    Case("clicks true", line(clicks=True), "answer.clicks must be a number"),
    Case("100,000 brackets", b"[" * 100_000 + b"\n", "nested too deeply"),
    Case("100,000 braces", b'{"a":' * 100_000 + b"\n", "nested too deeply"),
    Case("UTF-16 with a byte order mark", good.decode().encode("utf-16"), "the file is UTF-16; save it as UTF-8"),
    Case("UTF-16 without", good.decode().encode("utf-16-le"), "NUL bytes"),
    Case(
        "Latin-1",
        dumps({**GOOD, "who": "Zo\xeb"}, ensure_ascii=False).encode("latin-1"),
        "not UTF-8 (byte 0xeb at column",
    ),
    Case("Latin-1 in line 3", good + good + b'{"who": "\xe9"}\n', "not UTF-8 (byte 0xe9 at column 10)", 3),
    Case("lone surrogate, escaped", field("comment", '"\\ud800"'), "a lone surrogate"),
    Case("lone surrogate, raw", field("comment", '"?"').replace(b"?", b"\xed\xa0\x80"), "not UTF-8 (byte 0xed"),
    Case("lone surrogate in an unknown key", good[:-2] + b', "\\udc00": 1}\n', "a lone surrogate"),
    Case("NUL bytes after a crash", good + b"\0" * 4096, "NUL bytes", 2),
    Case("NUL in a name", line(who="a\0b"), "answer.who holds a control character"),
    Case("control character in a query", line(query="r1\n2"), "answer.query holds a control character"),
    Case("truncated last line", good + good[:-20], "the line ends too early", 2),
    Case("truncated in a number", good + b'{"query": "r1", "clicks": 1', "the line ends too early", 2),
    Case("two objects in a line", good.strip() + b" " + good, "Extra data"),
    Case("a comma at the end", good.strip() + b",\n", "Extra data"),
    Case("single quotes", good.replace(b'"', b"'"), "not a JSON object"),
    Case("a list", b"[1, 2]\n", "it is a list"),
    Case("a list of answers", b"[" + good.strip() + b"]\n", "it is a list"),
    Case("a string", b'"class"\n', "it is a string"),
    Case("a number", b"12\n", "it is a number"),
    Case("null", b"null\n", "it is null"),
    Case("pretty-printed", dumps(GOOD, indent=1).encode(), "the line ends too early"),
    Case("not JSON at all", b"image;class\na/0;leaf\n", "not a JSON object"),
    Case("gzip", b"\x1f\x8b\x08\x00\x00\x00\x00\x00", "NUL bytes"),
    Case("a key given twice", good[:-2] + b', "classes": ["bark"]}\n', "the key 'classes' is given twice"),
    Case("an unknown key", line(klass="leaf"), "the key 'klass' is unknown"),
    Case(
        "no footprint",
        dumps({k: v for k, v in GOOD.items() if k != "footprint"}).encode(),
        "answer.footprint is missing",
    ),
    Case("no kind", dumps({k: v for k, v in GOOD.items() if k != "kind"}).encode(), "answer.kind is missing"),
    Case("an unknown kind", line(kind="guess"), "answer.kind"),
    Case("a class too many", line(classes=["leaf", "bark"]), "exactly one class"),
    Case("no class", line(classes=[]), "exactly one class"),
    Case("a class twice", line(kind="class_set", classes=["leaf", "leaf"]), "names a class twice"),
    Case("an unknown class", line(classes=["oak"]), "unknown class 'oak'"),
    Case("a class as text", line(classes="leaf"), "answer.classes must be a list"),
    Case("a class as a number", line(classes=[1]), "answer.classes.0 must be text"),
    Case("a megabyte of a class", line(classes=["x" * 2**20]), "unknown class 'xxx"),
    Case("an unknown image", line(image="../../etc/passwd"), "unknown image '../../etc/passwd'"),
    Case("a mask that is not wanted", line(mask=GOOD["footprint"]), "`mask`"),
    Case("a mask that is missing", line(kind="mask"), "`mask`"),
    Case("a mask of another size", line(kind="mask", mask={"size": [4, 2], "runs": [0, 8]}), "of one size"),
    Case("runs that do not add up", footprint('{"size": [2, 4], "runs": [2, 3, 4]}'), "add up to 2 x 4"),
    Case("a negative run", footprint('{"size": [2, 4], "runs": [2, -3, 9]}'), "a run is below 0"),
    Case("no runs", footprint('{"size": [2, 4], "runs": []}'), "add up to 2 x 4"),
    Case("a footprint without pixels", footprint('{"size": [2, 4], "runs": [8]}'), "holds no pixel"),
    Case("runs that are fractions", footprint('{"size": [2, 4], "runs": [2.0, 3, 3]}'), "a list of whole numbers"),
    Case("runs that are true", footprint('{"size": [1, 2], "runs": [true, 1]}'), "a list of whole numbers"),
    Case("runs as text", footprint('{"size": [2, 4], "runs": "233"}'), "a list of whole numbers"),
    Case("a run of 400 digits", footprint(f'{{"size": [2, 4], "runs": [{10**400}]}}'), "longer than any image"),
    Case("a run of 5,000 digits", footprint(f'{{"size": [2, 4], "runs": [{"9" * 5000}]}}'), "4300 digits"),
    Case("a huge size", footprint(f'{{"size": [{2**62}, {2**62}], "runs": [0, 1]}}'), "less than 2147483648"),
    Case(
        "sizes that overflow", footprint(f'{{"size": [{2**30}, {2**30}], "runs": [{2**60}]}}'), "longer than any image"
    ),
    Case("another size than the image's", footprint('{"size": [4, 2], "runs": [0, 8]}'), "is not the size of a/0"),
    Case("a size of three", footprint('{"size": [2, 4, 1], "runs": [0, 8]}'), "answer.footprint.size"),
    Case("a footprint as a list", footprint("[2, 3, 3]"), "answer.footprint"),
    Case("another data set's image", line(image_sha256="00" * 32), "the answer is about another image named a/0"),
    Case("a flag that is false", line(flag=False), "answer.flag"),
]
CASES = READ + REFUSED
