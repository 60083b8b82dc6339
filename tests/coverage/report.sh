#!/bin/bash
# report.sh: what the tests of a coverage build reached in src/, and what they did not.
#
# Adds the counters of all objects with the same source: the program's, and those of unit tests that include it. Every
# line must be reached, and 95% of the branches. The file `unreachable` beside this one lists the exceptions with their
# reasons; a listed line that is reached is an error.
#
# usage: report.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$1
readonly LEAST_BRANCHES_PERCENT=95 LIST=tests/coverage/unreachable

# gcov(1), --json-format. A source line in several objects counts once, and as reached if any object reached it.
find "$folder" -name '*.gcda' -print0 |
  xargs -0 -n 1 gcov --json-format --branch-probabilities --stdout |
  jq -c --arg top "$PWD/" '.files[] | (.file | ltrimstr($top)) as $file | select($file | startswith("src/")) |
    .lines[] | {file: $file, line: .line_number, count, branches: [.branches[].count]}' |
  jq -s 'group_by([.file, .line]) | map({file: .[0].file, line: .[0].line, reached: any(.count != 0),
    branches: ([.[].branches | map(. != 0)] | transpose | map(any(. == true)))})' >"$folder/lines.json"

jq -r 'group_by(.file)[] | [.[0].file, length, ([.[] | select(.reached)] | length),
  ([.[].branches[]] | length), ([.[].branches[] | select(.)] | length)] | @tsv' "$folder/lines.json" |
  awk '{ printf "%-28s lines %4d of %4d   branches %4d of %4d\n", $1, $3, $2, $5, $4
         n += $2; l += $3; b += $4; r += $5 }
    END { printf "%-28s lines %4d of %4d   branches %4d of %4d (%.1f%%)\n", "all", l, n, r, b, 100 * r / b }'

# unreached FILTER: prints FILE:LINE: TEXT for the matching lines.
unreached() {
  jq -r ".[] | select($1) | \"\\(.file) \\(.line)\"" "$folder/lines.json" | while read -r file line; do
    printf '%s:%s: %s\n' "$file" "$line" "$(sed -n "${line}s/^ *//p" "$file")"
  done
}
unreached '.reached | not' >"$folder/unreached_lines"
unreached '.reached and (.branches | any(not))' >"$folder/unreached_branches"

# Rows of the list: FILE | TEXT OF THE LINE | REASON; # starts a comment.
bad=0
awk '
  FNR == 1 { input++ }
  input == 1 && !/^#/ { split($0, row, / [|] /); if (row[3]) listed[row[1] ": " row[2]] = 1 }
  input == 2 {
    line = $0
    sub(/:[0-9]+:/, ":", line) # the list has no line numbers
    reached_not[line] = 1
    if (!(line in listed)) { print "no test reaches " $0; bad = 1 }
  }
  END {
    for (line in listed) if (!(line in reached_not)) { print "listed as unreachable, but reached or gone: " line; bad = 1 }
    exit bad
  }' "$LIST" "$folder/unreached_lines" || bad=1
echo "branches not reached are in $folder/unreached_branches: $(wc -l <"$folder/unreached_branches") lines have some"
jq -e "[.[].branches[]] | (map(select(.)) | length) * 100 >= length * $LEAST_BRANCHES_PERCENT" \
  "$folder/lines.json" >/dev/null || {
  echo "less than $LEAST_BRANCHES_PERCENT% of the branches"
  bad=1
}
exit "$bad"
