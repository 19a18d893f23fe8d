/** The part of jq's library that is written in jq. Each definition is read when a program first uses it. */
import { Parser } from "./parser.ts";
import { isNative } from "./natives.ts";
import type { Definition } from "./syntax.ts";

const SOURCES: readonly string[] = [
  "def map(f): [.[] | f];",
  "def map_values(f): .[] |= f;",
  "def select(f): if f then . else empty end;",
  "def recurse(f): def again: ., (f | again); again;",
  "def recurse(f; cond): def again: ., (f | select(cond) | again); again;",
  "def recurse: recurse(.[]?);",
  "def recurse_down: recurse;",
  "def range($to): range(0; $to);",
  "def range($from; $to; $by): $from | while(($by > 0 and . < $to) or ($by < 0 and . > $to); . + $by);",
  "def while(cond; update): def again: if cond then ., (update | again) else empty end; again;",
  "def until(cond; update): def again: if cond then . else update | again end; again;",
  "def repeat(f): def again: f, again; again;",
  "def inputs: try repeat(_input) catch if . == \"break\" then empty else error end;",
  "def _input: input;",
  "def first(f): label $out | (f | ., break $out);",
  "def last(f): reduce f as $x (null; $x);",
  "def nth($n; f): if $n < 0 then error(\"nth doesn't support negative indices\") else last(limit($n + 1; f)) end;",
  "def limit($n; f): if $n < 0 then f else label $out | foreach f as $x ($n; . - 1; $x, if . <= 0 then break $out else empty end) end;",
  "def first: .[0];",
  "def last: .[-1];",
  "def nth($n): .[$n];",
  "def isempty(f): first((f | false), true);",
  "def any(f; cond): isempty(first(f | cond or empty)) | not;",
  "def all(f; cond): isempty(first(f | cond and empty));",
  "def any(cond): any(.[]; cond);",
  "def all(cond): all(.[]; cond);",
  "def any: any(.);",
  "def all: all(.);",
  "def reverse: [.[length - 1 - range(0; length)]];",
  "def in(o): . as $k | o | has($k);",
  "def inside(o): . as $x | o | contains($x);",
  "def values: select(. != null);",
  "def nulls: select(. == null);",
  "def booleans: select(type == \"boolean\");",
  "def numbers: select(type == \"number\");",
  "def strings: select(type == \"string\");",
  "def arrays: select(type == \"array\");",
  "def objects: select(type == \"object\");",
  "def iterables: select(type | . == \"array\" or . == \"object\");",
  "def scalars: select(type | . != \"array\" and . != \"object\");",
  "def scalars_or_empty: select(. == {} or . == [] or (type | . != \"array\" and . != \"object\"));",
  "def finites: select(isinfinite or isnan | not);",
  "def normals: select(isnormal);",
  "def isfinite: type == \"number\" and (isinfinite | not);",
  "def sort_by(f): _sort_by(map([f]));",
  "def group_by(f): _group_by(map([f]));",
  "def unique: unique_by(.);",
  "def unique_by(f): [group_by(f)[] | .[0]];",
  "def min_by(f): _min_by(map([f]));",
  "def max_by(f): _max_by(map([f]));",
  "def to_entries: [keys_unsorted[] as $k | { key: $k, value: .[$k] }];",
  "def from_entries: map({ (.key // .name // .Name // .Key): (if has(\"value\") then .value else .Value end) }) | add + {} // {};",
  "def with_entries(f): to_entries | map(f) | from_entries;",
  "def del(f): delpaths([path(f)]);",
  "def paths: path(..) | select(length > 0);",
  "def paths(f): path(.. | select(f)) | select(length > 0);",
  "def leaf_paths: paths(scalars);",
  "def _assign(f; $value): reduce path(f) as $p (.; setpath($p; $value));",
  "def _modify(f; update): reduce path(f) as $p (.; label $out | ((setpath($p; getpath($p) | update) | ., break $out), delpaths([$p])));",
  "def join($by): reduce .[] as $x (null; (if . == null then \"\" else . + $by end) + ($x | if . == null then \"\" elif type == \"string\" then . else if type == \"boolean\" or type == \"number\" then tojson else . end end)) // \"\";",
  "def flatten: _flatten(1e9);",
  "def flatten($depth): if $depth < 0 then error(\"flatten depth must not be negative\") else _flatten($depth) end;",
  "def _flatten($depth): reduce .[] as $x ([]; if ($x | type) == \"array\" and $depth > 0 then . + ($x | _flatten($depth - 1)) else . + [$x] end);",
  "def ascii_downcase: explode | map(if 65 <= . and . <= 90 then . + 32 else . end) | implode;",
  "def ascii_upcase: explode | map(if 97 <= . and . <= 122 then . - 32 else . end) | implode;",
  "def todate: strftime(\"%Y-%m-%dT%H:%M:%SZ\");",
  "def todateiso8601: todate;",
  "def fromdateiso8601: strptime(\"%Y-%m-%dT%H:%M:%SZ\") | mktime;",
  "def fromdate: fromdateiso8601;",
  "def match(re; flags): _match(re; flags; false) | .[];",
  "def match($val): _regex($val; match($val[0]; $val[1]); match($val; null));",
  "def test(re; flags): _match(re; flags; true);",
  "def test($val): _regex($val; test($val[0]; $val[1]); test($val; null));",
  "def _regex($val; pair; one): ($val | type) as $t | if $t == \"string\" then one elif $t == \"array\" and ($val | length) > 0 then pair else error($t + \" not a string or array\") end;",
  "def capture(re; flags): match(re; flags) | _captured;",
  "def capture($val): match($val) | _captured;",
  "def _captured: [.captures[] | select(.name != null) | { key: .name, value: .string }] | from_entries;",
  "def scan(re): match(re; \"g\") | if (.captures | length) > 0 then [.captures[].string] else .string end;",
  "def split($re; flags): . as $s | [foreach ((match($re; flags + \"g\") | [.offset, .length]), null) as $m ([0, null]; if $m == null then [.[0], $s[.[0]:]] else [$m[0] + $m[1], $s[.[0]:$m[0]]] end; .[1])];",
  "def splits($re): splits($re; null);",
  "def splits($re; flags): split($re; flags) | .[];",
  "def sub(re; text): sub(re; text; \"\");",
  "def sub($re; text; $flags): . as $in | [match($re; $flags | gsub_once)] | if length == 0 then $in else .[0] as $m | (if $m.offset + $m.length == 0 and ($flags | gsub_again) then _endless else . end) | $in[0:$m.offset] + ($m | _captured | text) + ($in[$m.offset + $m.length:] | if $flags | gsub_again then sub($re; text; $flags) else . end) end;",
  "def gsub_once: if . == null then null else explode | map(select(. != 103)) | implode end;",
  "def gsub_again: . != null and contains(\"g\");",
  "def gsub(re; text; $flags): sub(re; text; $flags + \"g\");",
  "def gsub(re; text): sub(re; text; \"g\");",
  "def walk(f): . as $in | if type == \"object\" then reduce keys_unsorted[] as $k ({}; . + { ($k): ($in[$k] | walk(f)) }) | f elif type == \"array\" then map(walk(f)) | f else f end;",
  "def env: $ENV;",
  "def halt_error: halt_error(5);",
  "def transpose: if . == [] then [] else . as $in | (map(length) | max) as $n | [range(0; $n) as $i | [$in[][$i]]] end;",
  "def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $rest | [$x] + $rest end;",
  "def combinations(n): . as $in | [range(n)] | map($in) | combinations;",
  "def index($i): indices($i) | .[0];",
  "def rindex($i): indices($i) | .[-1:][0];",
  "def indices($i): if type == \"array\" and ($i | type) == \"array\" then .[$i] elif type == \"array\" then .[[$i]] elif type == \"string\" and ($i | type) == \"string\" then _indices($i) else .[$i] end;",
  "def tostream: path(def again: (.[]? | again), .; again) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);",
  "def fromstream(f): { x: null, e: false } as $init | foreach f as $i ($init; if .e then $init else . end | if $i | length == 2 then setpath([\"e\"]; $i[0] | length == 0) | setpath([\"x\"] + $i[0]; $i[1]) else setpath([\"e\"]; $i[0] | length == 1) end; if .e then .x else empty end);",
  "def truncate_stream(f): . as $n | null | f | . as $in | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;",
  "def INDEX(f; key): reduce f as $row ({}; .[$row | key | tostring] |= $row);",
  "def INDEX(key): INDEX(.[]; key);",
  "def JOIN($idx; key): [.[] | [., $idx[key]]];",
  "def JOIN($idx; f; key): f | [., $idx[key]];",
  "def JOIN($idx; f; key; join): f | [., $idx[key]] | join;",
  "def IN(f): any(f == .; .);",
  "def IN(f; g): any(f == g; .);",
  "def bsearch($x): . as $in | { low: 0, high: (length - 1), found: null } | until(.found != null or .low > .high; ((.low + .high) / 2 | floor) as $mid | if $in[$mid] == $x then .found = $mid elif $x < $in[$mid] then .high = $mid - 1 else .low = $mid + 1 end) | if .found != null then .found else -1 - .low end;",
];

/** Of the tables: they have no place in a list of what a learner may use. */
const HIDDEN: ReadonlySet<string> = new Set(["gsub_once/0", "gsub_again/0"]);

const keyOf = (source: string): string => {
  const m = /^def ([A-Za-z_]\w*)(?:\(([^)]*)\))?:/.exec(source)!;
  return `${m[1]}/${m[2] === undefined ? 0 : m[2].split(";").length}`;
};

export const libraryNames = (): string[] => SOURCES.map(keyOf).filter((name) => !name.startsWith("_") && !HIDDEN.has(name));

/** The library of one program. */
export function makeLibrary(ids: { next: number }): (name: string, arity: number) => Definition | "native" | undefined {
  const sources = new Map(SOURCES.map((s) => [keyOf(s), s]));
  const known = new Map<string, Definition>();
  const find = (name: string, arity: number): Definition | "native" | undefined => {
    const key = `${name}/${arity}`;
    const before = known.get(key);
    if (before) return before;
    const source = sources.get(key);
    if (source === undefined) return isNative(key) ? "native" : undefined;
    const definition: Definition = { name, params: [], body: { n: "identity" }, id: undefined };
    known.set(key, definition); // two of them may call each other
    return Object.assign(definition, new Parser(source, find, ids).libraryDefinition());
  };
  return find;
}
