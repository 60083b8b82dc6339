#!/usr/bin/env bats
# Time spans against systemd-analyze timespan: random spans of our grammar (SEED=N, which is printed, repeats them) are
# given to the program as thresholds, and its JSON, which is exact, must agree with systemd to the microsecond.
# systemd in turn reads the spans that the program prints. Only we have nanoseconds.
# shellcheck disable=SC2030,SC2031,SC2154 # bats' own names, set in a test

bats_require_minimum_version 1.5.0
load usage

readonly SPANS=300
readonly LARGEST_US=1000000000000

setup() {
  # shellcheck source-path=SCRIPTDIR/../lab source=../lab/lab.sh
  . "$TOP/tests/lab/lab.sh"
  echo Jitter=1ns >"$BATS_TEST_TMPDIR/reading"
}

# --- systemd's reading and ours --------------------------------------------------

# Sets the array $oracle to the microseconds of each span.
ask_systemd() {
  systemd-analyze timespan -- "$@" >"$BATS_TEST_TMPDIR/oracle" || return
  mapfile -t oracle < <(awk '$1 == "μs:" { print $2 }' "$BATS_TEST_TMPDIR/oracle")
  [ "${#oracle[@]}" = $# ] || fail "systemd-analyze answered ${#oracle[@]} of $# spans"
}

# ask_ours SPAN: sets $ns to the program's reading of it, "refused" if it rejects the value, and $printed to how the
# program writes it.
ask_ours() {
  run --separate-stderr as_cron -l none -s "text:$BATS_TEST_TMPDIR/reading" -o json -w "$1"
  ns=refused printed=
  if [ "$status" = 3 ] && [[ $stderr == *usage:*' 1ns '* ]]; then # the range starts at 1ns
    return
  fi
  [[ $output =~ \(threshold:\ ([^\)]*)\) ]] || fail "status $status for '$1': $output$stderr" || return
  printed=${BASH_REMATCH[1]}
  [[ $output =~ \"jitter_s\":\{\"warning\":([0-9]+)\.?([0-9]*), ]] || fail "no number: $output" || return
  ns=${BASH_REMATCH[2]}000000000
  ns=$((10#${BASH_REMATCH[1]} * 1000000000 + 10#${ns:0:9}))
}

# --- the spans --------------------------------------------------------------------

# Draws a number below $1 from two of RANDOM, without a subshell, which would restart the sequence.
draw() {
  drawn=$(((RANDOM << 15 | RANDOM) % $1))
}

# Units, the most fraction digits that still are whole microseconds, and a number slightly above our longest span.
readonly UNIT=(us µs μs ms s min h d w '')
readonly DIGITS=(0 0 0 3 6 7 8 8 8 6)
readonly MOST=(1000000000 1000000000 1000000000 1000000000 1040000 17000 280 12 2 1040000)

# Sets $span to a random span of one to four parts.
make_span() {
  local parts blank i unit
  span=
  draw 4
  parts=$((drawn + 1))
  for ((i = 0; i < parts; i++)); do
    draw "$((${#UNIT[@]} - (parts > 1)))" # a bare number must be the only part
    unit=$drawn
    draw 3
    if ((i > 0 && drawn == 0)); then span+=' '; fi
    if ((i > 0 && drawn == 1)); then span+=$' \t '; fi
    make_number "$unit"
    draw 3
    blank=$drawn
    if ((blank == 0)) && [ -n "${UNIT[unit]}" ]; then span+=' '; fi
    span+=${UNIT[unit]}
  done
  draw 8
  if ((drawn == 0)); then span=" $span"; fi
  if ((drawn == 1)); then span+=$'\t'; fi
}

# Adds a number for the unit of this index: large or small, whole or with a fraction, .5 or 0.5.
make_number() {
  local digits=0 whole most=${MOST[$1]}
  draw 3
  if ((drawn > 0 && most > 100)); then most=100; fi
  draw "$most"
  whole=$drawn
  draw 10
  if ((drawn == 0)); then whole=00$whole; fi
  if ((${DIGITS[$1]} > 0)); then
    draw 2
    if ((drawn == 0)); then
      draw "${DIGITS[$1]}"
      digits=$((drawn + 1))
    fi
  fi
  draw 4
  if ((digits == 0 || drawn > 0)); then span+=$whole; fi
  if ((digits > 0)); then
    span+=.
    while ((digits-- > 0)); do
      span+=$((RANDOM % 10))
    done
  fi
}

# make_spans SEED COUNT: fills the array $spans, in a shell of its own, since bats' trap on every command would take ten
# times as long.
make_spans() {
  mapfile -d '' spans < <(
    # shellcheck disable=SC2016 # the other shell's
    bash -c "$(declare -p UNIT DIGITS MOST; declare -f draw make_span make_number)"'
      RANDOM=$1
      for ((count = 0; count < $2; count++)); do
        make_span
        printf "%s\0" "$span"
      done' make_spans "$1" "$2"
  )
  [ "${#spans[@]}" = "$2" ] || fail "${#spans[@]} spans instead of $2"
}

# Compares each of "$@" with systemd; $compared counts those within our range. (No variable may be named i: bats' run
# sets it.)
compare() {
  local number=0 us ours=() whose=()
  ask_systemd "$@"
  for span; do
    us=${oracle[number]}
    number=$((number + 1))
    ask_ours "$span" || return
    if ((us == 0 || us > LARGEST_US)); then
      [ "$ns" = refused ] || fail "'$span' is out of range, and taken as $ns ns" || return
      continue
    fi
    [ "$ns" = "${us}000" ] || fail "'$span' is $us us for systemd, $ns ns for us" || return
    ours+=("$printed")
    whose+=("$us")
  done
  compared=${#ours[@]}
  ((compared > 0)) || return 0
  # And back: systemd reads what we printed.
  ask_systemd "${ours[@]}"
  [ "${oracle[*]}" = "${whose[*]}" ] && return
  number=0
  for printed in "${ours[@]}"; do
    [ "${oracle[number]}" = "${whose[number]}" ] ||
      fail "${whose[number]} us are printed as '$printed', which is ${oracle[number]} us" || return
    number=$((number + 1))
  done
}

# --- the tests ----------------------------------------------------------------------

@test "random spans of the grammar mean the same to systemd, to the microsecond" {
  seed=${SEED:-$((($(date +%s) * 1000 + $$) % 2000000000))}
  echo "# spans made with SEED=$seed" >&3
  echo "SEED=$seed makes the same spans again"
  make_spans "$seed" "$SPANS"
  compare "${spans[@]}"
  echo "$compared of $SPANS spans were within our range"
  [ "$compared" -ge 200 ]
}

@test "the same seed makes the same spans, another seed others, of many kinds" {
  make_spans 7 400
  first=$(printf '%q\n' "${spans[@]}")
  make_spans 7 400
  [ "$first" = "$(printf '%q\n' "${spans[@]}")" ]
  make_spans 8 400
  [ "$first" != "$(printf '%q\n' "${spans[@]}")" ]
  for kind in '^[0-9]+$' '[0-9]us' '[0-9]µs' '[0-9]μs' '[0-9]ms' '[0-9]s' '[0-9]min' '[0-9]h' '[0-9]d' \
    '[0-9]w' '[0-9] [a-z]' '[a-z] [0-9]' '[a-z][0-9]' '[a-z]\.[0-9]' '^\.[0-9]+s' $'\t' '^ ' \
    '(.*[a-z]){4}' '\.[0-9]{6}s' '\.[0-9]{3}ms' '(^|[^0-9])00[0-9]'; do
    printf '%s\n' "${spans[@]}" | grep -qE "$kind" || fail "no span is like $kind"
  done
}

@test "the manual's own spans, each unit and the edges mean the same to systemd" {
  spans=(2 2.0 .5 500ms 250us 9µs 9μs '1min 30.5s' '1h 3min' 1us 1ms 1s 1min 1h 1d 1w
    1h3min 1s1s '1 s' $'1\ts' ' 1s ' 0.000001 0.000001s 0.001ms 999999us 999999.999999s
    1000000 1000000s 11d 1w4d '1w 4d 13h 46min 40s' 1.5min .25h 0.1d 0.01w 00002 1000000000us
    1000000000000us 1us1us 59.999999s 60s 61s 3599s 3600s 86399.999999s)
  compare "${spans[@]}"
  [ "$compared" = "${#spans[@]}" ]
}

@test "a span outside 1 ns to 1,000,000 s is refused with the range" {
  compare 0 0s 0.0 '0h 0min' 1000001 1000000.000001 12d 2w 278h 1000000000001us 100d 99w
  [ "$compared" = 0 ]
}

@test "nanoseconds, which systemd lacks, are read exactly, and cut below one" {
  while read -r span wanted; do
    ask_ours "$span"
    [ "$ns" = "$wanted" ] || fail "'$span' is $ns ns"
  done <<'END'
1ns 1
999ns 999
0.001us 1
1.5us 1500
0.000000001 1
.000001ms 1
1us1ns 1001
999999.999999999s 999999999999999
1000000s1ns refused
0.9ns refused
0ns refused
END
  # Digits below a nanosecond are cut, not rounded.
  ask_ours 1.9999999999
  [ "$ns" = 1999999999 ]
  ask_ours 0.0000000019
  [ "$ns" = 1 ]
}

@test "malformed spans are refused, although systemd accepts some of them" {
  for span in '' ' ' '1 2' '2s 3' 1m 1M 1y 1month 1sec 1seconds 1usec '1 hour' infinity nan inf +1 -1 \
    1e3 0x10 2. . s 1,5 '1 000' 1S 1MS 1Min 1.5.5 1..5 '1s,' '1s x' $'1\n' ١s; do
    run --separate-stderr as_cron -l none -s "text:$BATS_TEST_TMPDIR/reading" -w "$span"
    [ "$status" = 3 ] || fail "taken: '$span'"
    [[ $stderr == *'usage: --warning: '* && $stderr != *' 1ns '* ]] || fail "for '$span': $stderr"
  done
}
