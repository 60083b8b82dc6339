#!/bin/bash
# soak.sh: years of cron in minutes: runs the program again and again on the days of ten years, with a last reply that
# moves along, past the end of NTP's first era (2036-02-07) and of 32-bit time (2038-01-19).
#
# soak.c describes what each run must do. The bus is real; the dates are libfaketime's, for the program only; soak.c
# itself is the service, except in the runs against a real timesyncd, on today's date.
#
# usage: soak.sh --list    prints the names of the tests
#        soak.sh           some hundred runs across both dates, 50 at once, and real ones; prints TAP
#        soak.sh decade    1,051,200 runs, one per five minutes from 2030-01-10 on, in 100 pieces. Progress is
#                          kept under build/soak, separately for each build of the program, and the next call
#                          continues from there. SOAK_PIECES=N does N more pieces and ends.
# shellcheck disable=SC2317 # what row and piece are given runs through them
set -u
if [ "${1-}" = --list ]; then
  sed -nE "s/^  row (['\"])([^\1]*)\1 (soak|real_runs) .*/soak: \2/p" "${BASH_SOURCE[0]}"
  exit
fi
: "${TOP:?is the top of the repository}" "${PROG:?is the program}" "${LAB_DIR:?is set inside the lab}"
. "$TOP/tests/lab/lab.sh"

# 2030-01-10 00:03:16 UTC, so that one run hits the very second in which the era ends.
readonly DECADE=1894233796
readonly STEP_S=300 PIECES=100 PIECE_RUNS=10512
readonly ERA_END=2085978496 TIME32_END=2147483648
here=$LAB_DIR/soak

set_up() {
  mkdir -p "$here/empty"
  cp "$PROG" "$here/ntp_monitor"
  cp "$LAB_TREE/build/tests/torture/soak" "$here/soak"
  printf '%s\n' '[monitoring]' 'jitter_threshold = 100ms' >/etc/ntp_monitor.conf
  SOAK_PRELOAD=$(compgen -G '/usr/lib/*/faketime/libfaketime.so.1')
  export SOAK_PRELOAD
  # As systemd sets it: with the kernel's ten, 50 parallel runs would need a listener that never pauses.
  { echo 512 >/proc/sys/net/unix/max_dgram_qlen; } 2>/dev/null
  lab_bus_start
}

# soak SETTING...: runs the driver where nobody else writes to /tmp and the current folder is empty.
soak() {
  # shellcheck disable=SC2016 # the inner shell's $
  (cd "$here/empty" && unshare -m sh -c 'mount --bind . /tmp && exec "$@"' sh \
    "$here/soak" "$here/ntp_monitor" bus="$(lab_pid bus)" "$@")
}

# Every second reply has another clock's offset, which gives a jitter of some ms.
real_service() {
  lab_ntp_start '*=offset=3ms,delay=2ms' 127.0.8.2=offset=13ms,delay=9ms &&
    lab_timesyncd_start && lab_replies 8 127.0.8.1 127.0.8.2
}

# --- a few hundred, for make check ------------------------------------------

count=0 failed=0
# row NAME COMMAND...
row() {
  local name="soak: $1" out
  shift
  [[ $name =~ ${ONLY-} ]] || return 0
  count=$((count + 1))
  if [ -z "$SOAK_PRELOAD" ]; then
    echo "ok $count $name # skip no libfaketime here (package faketime)"
  elif out=$("$@" 2>&1); then
    printf 'ok %d %s\n# %s\n' "$count" "$name" "$out"
  else
    printf 'not ok %d %s\n' "$count" "$name"
    # shellcheck disable=SC2001 # each line
    sed 's/^/# /' <<<"$out"
    failed=$((failed + 1))
  fi
}

real_runs() {
  real_service && soak "$@"
  local status=$?
  lab_stop timesyncd
  lab_stop ntp
  return "$status"
}

quick() {
  row "the end of NTP's first era, a second from run to run" soak at=$((ERA_END - 100)) step=1 count=200
  row 'the end of 32-bit time, a second from run to run' soak at=$((TIME32_END - 100)) step=1 count=200
  row 'ten years, one run of each 36 days' soak at=$DECADE step=$((STEP_S * PIECE_RUNS)) count="$PIECES"
  row '50 at once, over the end of 32-bit time' soak at=$((TIME32_END - 2)) step=1 width=50 count=250
  row 'a real timesyncd' real_runs count=100
  row 'a real timesyncd, 50 at once' real_runs width=50 count=100
  echo "1..$count"
  [ "$failed" = 0 ]
}

# --- ten years ---------------------------------------------------------------

# piece NAME COMMAND...: unless it is already done, prints its figures, and keeps them if it passed.
piece() {
  local name=$1 out
  shift
  [ ! -e "$state/$name" ] || return 0
  if ! out=$("$@"); then
    printf 'soak: piece %s: %s\n' "$name" "$out"
    return 1
  fi
  printf 'soak: piece %s: %s\n' "$name" "$out"
  echo "$out" >"$state/$name.new" && mv "$state/$name.new" "$state/$name"
}

# The first piece of each year, then the second of each, and so on: every tenth of them has days of every year, and the
# first tenth has both dates (2036-01-09 to 02-14, 2038-01-08 to 02-13).
decade_piece() {
  local first=$((($1 % 10 * 10 + $1 / 10) * PIECE_RUNS))
  soak number="$first" at=$((DECADE + first * STEP_S)) step="$STEP_S" count="$PIECE_RUNS"
}

sum() {
  cat "$state"/?? 2>/dev/null | awk -v pieces=$PIECES '
    {
      for (i = 1; i <= NF; i++) {
        split($i, word, "=")
        total[word[1]] += word[2]
        if (word[1] == "peak_kib") {
          split(word[2], end, /\.\./)
          peak = end[1] > peak ? end[1] : peak
          peak = end[2] > peak ? end[2] : peak
        }
      }
    }
    END {
      if (NR > 0) {
        printf "soak: %d of %d pieces, %d runs: %d failures; %d OK, %d jitter, %d stale; ", NR, pieces,
          total["runs"], total["failures"], total["ok"], total["jitter"], total["stale"]
        printf "%.0f s, %.0f runs/s; a run takes at most %d KiB\n", total["seconds"],
          total["runs"] / total["seconds"], peak
        if (NR == pieces) {
          print "soak: ten years, whole"
        }
      }
    }'
}

decade() {
  local number=0 left=${SOAK_PIECES:-$PIECES} name
  if [ -z "$SOAK_PRELOAD" ]; then
    echo 'soak: no libfaketime here (package faketime)' >&2
    return 1
  fi
  state=$TOP/build/soak/$(sha256sum "$PROG" | cut -c 1-12)
  mkdir -p "$state" || return
  piece real real_runs count=1000 || return
  piece at-once soak at=$((ERA_END - 10)) step=1 width=50 count=1000 || return
  for ((; number < PIECES && left > 0; number++)); do
    printf -v name %02d $number
    [ ! -e "$state/$name" ] || continue
    piece "$name" decade_piece $number || return
    left=$((left - 1))
  done
  sum
}

set_up || exit
if [ "${1-}" = decade ]; then
  decade
else
  quick
fi
status=$?
lab_stop_all
exit $status
