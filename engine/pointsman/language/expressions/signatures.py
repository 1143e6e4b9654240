"""The functions and macros expressions may call: how each is written, what it takes, what it gives, what it is for.

Read by the parser (unknown names, wrong counts), by completion, hover and the reference page. What they do is in
`functions.py`; a test holds the two tables equal.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signature:
    """One function. `signatures` are the forms to show; `counts` the numbers of arguments each form takes.

    `global_counts` is for `f(x)`, `member_counts` for `x.f()`, where the target is not counted; empty when the
    function has no such form.
    """

    name: str
    signatures: tuple[str, ...]
    doc: str
    global_counts: frozenset[int]
    member_counts: frozenset[int]


def _table(*rows: tuple[str, str, str, str, str]) -> dict[str, Signature]:
    return {
        name: Signature(name, tuple(forms.split("; ")), doc, frozenset(map(int, of)), frozenset(map(int, on)))
        for name, of, on, forms, doc in rows
    }


# name, argument counts of f(x), argument counts of x.f(), forms, documentation
FUNCTIONS = _table(
    (
        "size",
        "1",
        "0",
        "size(string|bytes|list|map) int; x.size() int",
        "How many characters, bytes, items or entries.",
    ),
    ("contains", "", "1", "string.contains(string) bool", "Whether the text holds another."),
    ("startsWith", "", "1", "string.startsWith(string) bool", "Whether the text starts with another."),
    ("endsWith", "", "1", "string.endsWith(string) bool", "Whether the text ends with another."),
    (
        "matches",
        "2",
        "1",
        "string.matches(string) bool",
        "Whether the RE2 pattern is found in the text; anchor it with ^ and $.",
    ),
    (
        "int",
        "1",
        "",
        "int(int|uint|double|string|timestamp) int",
        "As a 64-bit integer; a double is cut, a timestamp gives seconds.",
    ),
    ("uint", "1", "", "uint(int|uint|double|string) uint", "As an unsigned 64-bit integer."),
    ("double", "1", "", "double(int|uint|double|string) double", "As a floating-point number."),
    ("string", "1", "", "string(any scalar) string", "As text; bytes must be UTF-8."),
    ("bytes", "1", "", "bytes(string|bytes) bytes", "The UTF-8 bytes of a text."),
    ("bool", "1", "", "bool(bool|string) bool", 'As a truth value: "true", "false" and their usual spellings.'),
    ("type", "1", "", "type(any) type", "The type of a value: type(x) == string."),
    ("dyn", "1", "", "dyn(any) any", "The value itself, of unknown type to the checker."),
    (
        "timestamp",
        "1",
        "",
        "timestamp(string|int) timestamp",
        "A moment from RFC 3339 text, or from seconds since 1970.",
    ),
    ("duration", "1", "", "duration(string) duration", 'A span of time from text like "1h30m" or "1.5s".'),
    (
        "getDate",
        "",
        "01",
        "timestamp.getDate(string?) int",
        "The day of the month from 1; UTC, or at an offset like +02:00.",
    ),
    ("getDayOfMonth", "", "01", "timestamp.getDayOfMonth(string?) int", "The day of the month from 0."),
    ("getDayOfWeek", "", "01", "timestamp.getDayOfWeek(string?) int", "The day of the week, Sunday is 0."),
    ("getDayOfYear", "", "01", "timestamp.getDayOfYear(string?) int", "The day of the year from 0."),
    ("getFullYear", "", "01", "timestamp.getFullYear(string?) int", "The year."),
    ("getMonth", "", "01", "timestamp.getMonth(string?) int", "The month, January is 0."),
    (
        "getHours",
        "",
        "01",
        "timestamp.getHours(string?) int; duration.getHours() int",
        "The hour of the day; of a duration, all its hours.",
    ),
    (
        "getMinutes",
        "",
        "01",
        "timestamp.getMinutes(string?) int; duration.getMinutes() int",
        "The minute of the hour; of a duration, all its minutes.",
    ),
    (
        "getSeconds",
        "",
        "01",
        "timestamp.getSeconds(string?) int; duration.getSeconds() int",
        "The second of the minute; of a duration, all its seconds.",
    ),
    (
        "getMilliseconds",
        "",
        "01",
        "timestamp.getMilliseconds(string?) int; duration.getMilliseconds() int",
        "The milliseconds within the second.",
    ),
    ("charAt", "", "1", "string.charAt(int) string", "The character at an index; empty at the end."),
    (
        "indexOf",
        "",
        "12",
        "string.indexOf(string, int?) int",
        "Where a text is first found, from an index on; -1 when it is not.",
    ),
    (
        "lastIndexOf",
        "",
        "12",
        "string.lastIndexOf(string, int?) int",
        "Where a text is last found, up to an index; -1 when it is not.",
    ),
    ("lowerAscii", "", "0", "string.lowerAscii() string", "The ASCII letters in lower case."),
    ("upperAscii", "", "0", "string.upperAscii() string", "The ASCII letters in upper case."),
    ("replace", "", "23", "string.replace(string, string, int?) string", "Each occurrence replaced, at most so many."),
    ("split", "", "12", "string.split(string, int?) list", "The parts between separators, at most so many."),
    ("join", "", "01", "list.join(string?) string", "The strings of a list with a separator between them."),
    ("substring", "", "12", "string.substring(int, int?) string", "The text from one index up to another."),
    ("trim", "", "0", "string.trim() string", "Without blanks at both ends."),
    ("reverse", "", "0", "string.reverse() string; list.reverse() list", "Backwards."),
    ("strings.quote", "1", "", "strings.quote(string) string", "As a quoted literal, safe to print."),
    ("hasValue", "", "0", "optional.hasValue() bool", "Whether the optional holds a value."),
    ("value", "", "0", "optional.value() any", "The value of an optional; an error when it has none."),
    ("or", "", "1", "optional.or(optional) optional", "This optional, or another when it has no value."),
    ("orValue", "", "1", "optional.orValue(any) any", "The value of an optional, or this one when it has none."),
    ("optional.of", "1", "", "optional.of(any) optional", "An optional with this value."),
    (
        "optional.ofNonZeroValue",
        "1",
        "",
        "optional.ofNonZeroValue(any) optional",
        "An optional with this value, or none for null, zero and empty.",
    ),
    ("optional.none", "0", "", "optional.none() optional", "An optional without a value."),
    (
        "host",
        "1",
        "",
        "host(string) string",
        "The host of a URL in lower case, without port; an error when programs could disagree about it.",
    ),
    (
        "glob",
        "2",
        "",
        "glob(string, string) bool",
        "Whether the whole text fits a pattern of * (anything) and ? (one character).",
    ),
    (
        "env",
        "1",
        "",
        "env(string) string",
        "An environment variable of the allow-list, as captured at the start of the run.",
    ),
    (
        "secret",
        "1",
        "",
        "secret(string) secret",
        "A handle of a secret, resolved inside the worker and never journaled.",
    ),
)

# kind, numbers of arguments, how it is written, documentation
MACROS = {
    row[0]: Signature(row[0], (row[2],), row[3], frozenset(), frozenset(map(int, row[1])))
    for row in (
        ("all", "23", "list.all(x, condition) bool", "Whether the condition holds for every item (or key of a map)."),
        ("exists", "23", "list.exists(x, condition) bool", "Whether the condition holds for an item."),
        ("exists_one", "23", "list.exists_one(x, condition) bool", "Whether the condition holds for exactly one item."),
        ("existsOne", "23", "list.existsOne(x, condition) bool", "The same as exists_one."),
        ("filter", "2", "list.filter(x, condition) list", "The items the condition holds for."),
        (
            "map",
            "23",
            "list.map(x, value) list",
            "A value for each item; with a condition in the middle, for those that pass.",
        ),
        ("transformList", "34", "list.transformList(i, x, value) list", "Like map, with index (or key) and item."),
        ("transformMap", "34", "map.transformMap(k, v, value) map", "The same keys with new values."),
        ("optMap", "2", "optional.optMap(x, value) optional", "A new value, if there is one."),
        ("optFlatMap", "2", "optional.optFlatMap(x, optional) optional", "Another optional, if there is a value."),
    )
}
