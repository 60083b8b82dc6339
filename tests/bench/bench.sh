#!/bin/bash
# bench.sh: what one check costs, side by side with the least that could do it and with the alternatives; and how far it
# overruns its deadline when something blocks it.
#
# Run inside the lab (tests/lab/enter.sh) by `make bench`. All figures come from one run on one machine; only their
# ratios mean anything elsewhere.
#
# usage: bench.sh PROGRAM BENCH_FOLDER [ROUNDS]
set -eu
program=$1 folder=$2 rounds=${3-300}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
. tests/lab/lab.sh

lab_bus_start
lab_ntp_start '*=offset=3ms'
lab_timesyncd_start
lab_replies 9
lab_stop ntp # timesyncd asks nobody for half an hour; port 123 is closed, as on most machines
lab_rsyslogd_start

# The programs themselves rather than the lab's wrappers, whose shell would be measured as well.
find_program() {
  command -v "/usr/bin/$1" || find "$LAB_ROOT" -path "*/bin/$1" -type f | head -n 1
}
libraries=$(sed -n 's/^LD_LIBRARY_PATH=\([^ ]*\) .*/\1/p' "$LAB_DIR/bin/timedatectl")
property="get-property org.freedesktop.timesync1 /org/freedesktop/timesync1 org.freedesktop.timesync1.Manager NTPMessage"

echo "medians of $rounds rounds in turn; /1st: over ntp_monitor, /2nd: over the floor, -2nd: more than the floor"
measure() {
  LD_LIBRARY_PATH=$1
  export LD_LIBRARY_PATH
  shift
  "$folder/side_by_side" "$rounds" "$@"
}
measure "" \
  "ntp_monitor -s timesyncd" "$program -s timesyncd" \
  "floor (one GetAll by sd-bus)" "$folder/floor" \
  "libsystemd loaded, nothing done" "$folder/empty" \
  "ntp_monitor" "$program" \
  "ntp_monitor -s timesyncd -o json" "$program -s timesyncd -o json" \
  "ntp_monitor -s timesyncd -o nagios" "$program -s timesyncd -o nagios"
echo
measure "$libraries" \
  "ntp_monitor -s timesyncd" "$program -s timesyncd" \
  "floor (one GetAll by sd-bus)" "$folder/floor" \
  "timedatectl show-timesync" "$(find_program timedatectl) show-timesync" \
  "busctl get-property NTPMessage" "$(find_program busctl) $property"

unset LD_LIBRARY_PATH # each of its directories costs system calls
calls() {
  strace -f -qq -o "$LAB_DIR/calls" "$@" >/dev/null
  grep -c '' "$LAB_DIR/calls"
}
instructions() {
  valgrind --tool=callgrind --callgrind-out-file=/dev/null "$@" 2>&1 >/dev/null |
    sed -n 's/.*refs: *//p' | tr -d ,
}
ours=$(calls "$program" -s timesyncd) floor=$(calls "$folder/floor") auto=$(calls "$program")
echo
echo "system calls: ntp_monitor -s timesyncd $ours, floor $floor: $((ours - floor)) more; ntp_monitor $auto"
ours=$(instructions "$program" -s timesyncd) floor=$(instructions "$folder/floor")
awk -v a="$ours" -v b="$floor" \
  'BEGIN { printf "instructions: ntp_monitor -s timesyncd %d, floor %d: ratio %.2f\n", a, b, a / b }'
lab_stop_all

echo
tests/bench/fleet.sh "$program" "$folder"

echo
tests/bench/scale.sh "$program" "$folder"

echo
TOP=$PWD PROG=$program tests/torture/hang.sh overshoot 5
