#!/bin/bash
# hang.sh: whatever can block the program blocks it (hang.tab), and it ends at its deadline.
#
# timedatectl waits 25 s or 90 s in some of these cases, and logger for ever; see beside.sh.
#
# usage: hang.sh                   each fault once: ends by itself within deadline + 1 s; prints TAP
#        hang.sh --list            prints the names of these tests
#        hang.sh overshoot ROUNDS  by how much it overruns deadlines of 0.5, 1 and 2 s, in ms
# shellcheck disable=SC2317 # for_each_fault is given functions
set -u
if [ "${1-}" = --list ]; then
  sed -nE 's/^([^#|][^|]*)\|.*/hang: \1/p' "${BASH_SOURCE[0]%.sh}.tab"
  exit
fi
: "${TOP:?is the top of the repository}" "${PROG:?is the program}" "${LAB_DIR:?is set inside the lab}"
. "$TOP/tests/lab/lab.sh"
. "$TOP/tests/torture/hang_faults.sh"

clear() {
  lab_stop_all
  rm -rf /dev/log "$LAB_DIR/fifo" "$LAB_DIR/ssh" /run/systemd/journal
  unset DBUS_SYSTEM_BUS_ADDRESS
}

# --- the runs ------------------------------------------------------------------

# for_each_fault FUNCTION: calls it with the name, and the arguments for hang in ${words[@]}.
for_each_fault() {
  local name setup ways arguments
  while IFS='|' read -r -u 3 name setup ways arguments; do
    case $name in '' | '#'*) continue ;; esac
    # shellcheck disable=SC2206,SC2086 # words between blanks
    words=("$ways" $arguments)
    [[ "hang: $name" =~ ${ONLY-} ]] || continue
    if $setup >"$LAB_DIR/tmp/setup" 2>&1; then
      "$1" "$name"
    else
      cannot "$name" "$LAB_DIR/tmp/setup"
    fi
    clear
  done 3<"$TOP/tests/torture/hang.tab"
}

cannot() {
  failed=$((failed + 1)) count=$((count + 1))
  printf 'not ok %d hang: %s: cannot be set up\n' "$count" "$1"
  sed 's/^/# /' "$2"
}

hang() { # ROUNDS DEADLINES
  PATH=$LAB_DIR/ssh:$PATH "$LAB_TREE/build/tests/torture/hang" "${words[0]}" "$@" "$PROG" "${words[@]:1}" 3<&-
}

count=0 failed=0
once() {
  local out result=ok
  if ! out=$(hang 1 500 2>&1); then
    result='not ok' failed=$((failed + 1))
  fi
  count=$((count + 1))
  printf '%s %d hang: %s\n' "$result" "$count" "$1"
  # shellcheck disable=SC2001 # each line
  sed 's/^/# /' <<<"$out"
}

overshoot() {
  local out
  out=$(hang "$rounds" 500,1000,2000 2>"$LAB_DIR/tmp/hang.err") || failed=$((failed + 1))
  awk -v name="$1" '
    { cell = cell sprintf(" %8.0f /%5.0f", $2, $3); guarded += $5; status = $4 }
    END { printf "%-50s%s  %d%s\n", name, cell, status, guarded ? "  the last defence: " guarded : "" }
  ' <<<"$out"
  cat "$LAB_DIR/tmp/hang.err"
}

cat >"$LAB_DIR/reading" <<END
ServerName=ntp.example.org
ServerAddress=192.0.2.1
PollIntervalUSec=32s
NTPMessage={ Leap=0, Stratum=2, RootDelay=15us, RootDispersion=45us, DestinationTimestamp=$(LC_ALL=C date -u '+%a %F %T UTC'), Ignored=no, PacketCount=10, Jitter=1.207ms }
END
clear
if [ "${1-}" = overshoot ]; then
  rounds=$2
  printf '%-50s %15s %15s %15s  status\n' "ms past the deadline: median / most of $rounds" 500ms 1s 2s
  for_each_fault overshoot
else
  for_each_fault once
  echo "1..$count"
fi
[ "$failed" = 0 ]
