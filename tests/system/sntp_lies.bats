#!/usr/bin/env bats
# sntp_lies.bats: the source sntp and replies that no honest server sends: each lie in liar's table is dropped for what
# it is, and an honest reply after it is still accepted.
#
# One run per lie, all in parallel: a dropped lie costs twice 2 s of waiting.
# shellcheck disable=SC2016,SC2034,SC2154 # jq's $; time.bash's OUT and ERR, bats' names

setup_file() {
  # shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
  . "${TOP:?is the top of the repository}/tests/lab/lab.sh"
  local row
  lab_liar_start
  printf '%s\n' '[sntp]' 'samples = 2' 'interval = 250ms' >"$BATS_FILE_TMPDIR/conf"
  while IFS=$'\t' read -r row _; do
    ask "127.1.0.$row" &
    ask "127.2.0.$row" &
  done < <(lab_liar_table)
  wait
}

# ask SERVER: one run in debug mode; keeps its report, its log with the trace, and its status.
ask() {
  local to=$BATS_FILE_TMPDIR/$1 status=0
  "$PROG" -C "$BATS_FILE_TMPDIR/conf" -d -o json -l stderr -s "sntp:$1" >"$to.out" 2>"$to.err" 3>&- ||
    status=$?
  sed -i '/^debug: [^ ]* ntp: /!{/^debug: /d}' "$to.err" # bounds what a failed test shows
  echo $status >"$to.status"
}

teardown_file() {
  # shellcheck source-path=SCRIPTDIR source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  lab_stop_all
}

setup() {
  load time
}

teardown() {
  lab_logs_on_failure
}

# each END FUNCTION SERVER: calls the function for every lie with this end, with its run at SERVER.N in $status, $OUT
# and $ERR, a regex for its words in $told and their expected number in $times; fails naming every lie for which the
# function does.
each() {
  local end=$1 function=$2 server times number=0 kind name told bad=0 count=0
  while IFS=$'\t' read -r number kind name told; do
    [ "$kind" = "$end" ] || continue
    server=$3.$number OUT=$BATS_FILE_TMPDIR/$3.$number.out ERR=$BATS_FILE_TMPDIR/$3.$number.err
    status=$(cat "$BATS_FILE_TMPDIR/$3.$number.status")
    times=2
    [ "$name" != 'an earlier reply' ] || times=1 # there is none before the first request
    "$function" || { echo "in the row: $name" >&2 && bad=1; }
    count=$((count + 1))
  done < <(lab_liar_table)
  [ "$bad" = 0 ] && [ "$count" -gt 3 ]
}

# ended STATUS REASON [FILTER]: the report has these.
ended() {
  [ "$status" = "$1" ] || fail "the status is $status instead of $1" || return
  jq -e --arg reason "$2" --arg told "${told-}" ".reason == \$reason and (${3-true})" "$OUT" >/dev/null ||
    fail "the report does not say $2, ${3-}"
}

# traced COUNT REGEX: the trace matches this often, not counting the report's line on stderr.
traced() {
  local count
  count=$(grep -F " ntp: $server: " "$ERR" | grep -cE -- "$2")
  [ "$count" = "$1" ] || fail "the trace says $count times instead of $1: $2"
}

@test "lies: the table has enough of them" {
  [ "$(lab_liar_table | cut -f 2 | grep -cv take)" -ge 40 ]
}

lie_alone() {
  if [ -z "$told" ]; then # the kernel drops it
    ended 3 timeout '.message | test(" 2 ")' && traced 0 dropped
  else
    ended 3 bad-reply '.message | test($told)' && traced "$times" dropped
  fi && traced 1 ': 0 .* 2 requests'
}

@test "lies: an impossible one makes no reading, and report and trace say why" {
  each drop lie_alone 127.2.0
}

lie_and_truth() {
  ended 0 ok '.servers[0] | .replies == 2 and .sent == 2 and (.offset_s | fabs) < 0.5' &&
    traced 1 ': 2 .* 2 requests' &&
    { [ -z "$told" ] || traced "$times" "$told"; }
}

@test "lies: the honest reply after a lie from the same server is accepted every time" {
  each drop lie_and_truth 127.1.0
}

kissed() {
  ended 3 denied '.message | test($told)' && traced 1 "again: .*$told" && traced 1 ': 0 .* 1 requests'
}

@test "lies: a kiss code ends the exchange without a second request, and the report names it" {
  each kiss kissed 127.1.0
  each kiss kissed 127.2.0
}

no_time() {
  ended 1 not-synchronised '.message | test($told)' && traced 1 "again: .*$told" && traced 1 ': 0 .* 1 requests'
}

@test "lies: a server without time to give is not asked again, and is a warning" {
  each none no_time 127.1.0
  each none no_time 127.2.0
}

taken() {
  ended 1 offset '.servers[0] | .replies == 2 and .sent == 2 and (.offset_s - 5 | fabs) < 0.5' &&
    traced 2 "$told" && traced 0 dropped
}

@test "lies: odd but legal replies are accepted" {
  each take taken 127.1.0
  each take taken 127.2.0
}

@test "lies: none of them acts on a log or terminal" {
  cat "$BATS_FILE_TMPDIR"/*.err >"$ERR"
  jq -s . "$BATS_FILE_TMPDIR"/*.out >"$OUT"
  harmless "$OUT" "$ERR"
  [ "$(jq length "$OUT")" -ge 100 ]
}
