#!/bin/bash
# beside.sh: what timedatectl, logger and check_ntp_time do in the same faults as ntp_monitor (beside.tab): exit status,
# seconds taken, and what they print.
#
# Each fault has a corner of the lab for itself, and all run in parallel, since some of the other programs wait for 90 s
# or for ever. The figures are comments; the test is that ntp_monitor ends in time and with the right status.
#
# usage: beside.sh      prints TAP; takes less than two minutes
set -u
: "${TOP:?is the top of the repository}" "${PROG:?is the program}" "${LAB_DIR:?is set inside the lab}"
. "$TOP/tests/lab/lab.sh"
. "$TOP/tests/torture/hang_faults.sh"

# A program that has not ended by then never does.
readonly FOR_EVER_S=100 IN_TIME_MS=11500 AT_ONCE=12
readonly TABLE=$TOP/tests/torture/beside.tab

# --- more faults -------------------------------------------------------------

service() { # RULE: timesyncd, which has sent one request to such a server
  lab_bus_start && lab_ntp_start "$1" && lab_timesyncd_start &&
    lab_line "$LAB_DIR/log/ntp" '^(answered|dropped) as'
}

healthy() { # REPLIES [RULE]
  service "${2-*=offset=3ms}" && lab_replies "$1"
}

answers() { # SETTING...: states that a real daemon would take hours to reach
  lab_bus_start && lab_fake_start "$@"
}

# A bus that may start timesyncd, as most do; the commands run in turn, to see which one starts it.
stopped() {
  activated=$LAB_DIR/activated
  lab_bus_start -a "$activated"
}

full_log() {
  healthy 3 && silent datagram "$LAB_DIR/socket"
}

mute_dns() {
  healthy 3 && silent_dns
}

# --- one fault -----------------------------------------------------------------

# Prints the most telling line of $out/N.err or .out.
telling() {
  local figures
  if [ -s "$out/$1.err" ]; then
    tail -n 1 "$out/$1.err"
  elif grep -qE 'ServerName=|Server:' "$out/$1.out"; then
    figures=$(grep -oE 'PacketCount=[0-9]+|Jitter=[^ ]+|(Packet count|Jitter|Offset): .*' "$out/$1.out" | paste -sd' ')
    echo "${figures:-$(wc -l <"$out/$1.out") lines, none with a figure of a reply}"
  else
    head -n 1 "$out/$1.out"
  fi
}

# Runs each command in a process of its own, so that nothing but the fault delays it.
run_one() { # NUMBER COMMAND
  local begun=$EPOCHREALTIME status=0
  timeout -k 1 "$FOR_EVER_S" bash -c "$2" >"$out/$1.out" 2>"$out/$1.err" </dev/null || status=$?
  local took_ms=$(((${EPOCHREALTIME/./} - ${begun/./}) / 1000))
  printf '%s %s\n' "$status" "$took_ms" >"$out/$1.end"
  if [ -s "$activated" ]; then
    : >"$activated"
    sed -i '$s/$/ (and the bus was told to start it)/' "$out/$1.err"
  fi
}

tell_one() { # NUMBER COMMAND
  local status took_ms said
  read -r status took_ms <"$out/$1.end"
  said=$(telling "$1")
  [ "$status" != 124 ] || status=killed
  printf '#   %-52s %6s %7.1f  %.150s\n' "$2" "$status" "$(awk -v ms="$took_ms" 'BEGIN { print ms / 1000 }')" "${said:--}"
}

# fault NAME STATUS SET-UP COMMAND...
fault() {
  local name=$1 wanted=$2 setup=$3 number=0 activated='' status took_ms command runs=()
  shift 3
  out=$LAB_DIR/out
  read -ra setup <<<"$setup"
  if ! "${setup[@]}" >"$out/setup" 2>&1; then
    echo "not ok $((index + 1)) beside: $name: cannot be set up"
    sed 's/^/# /' "$out/setup"
    return
  fi
  for command; do
    number=$((number + 1))
    run_one $number "$command" &
    runs+=($!)
    [ -z "$activated" ] || wait $!
  done
  wait "${runs[@]}"
  read -r status took_ms <"$out/1.end"
  [ "$status" = "$wanted" ] && [ "$took_ms" -le $IN_TIME_MS ] || printf 'not '
  echo "ok $((index + 1)) beside: $name"
  for ((number = 1; number <= $#; number++)); do
    tell_one $number "${!number}"
  done
}

# --- all of them -----------------------------------------------------------------

# read_table: sets faults[] and, for each, its commands separated by line ends.
read_table() {
  local line
  faults=() commands=()
  while IFS= read -r line; do
    case $line in
      '' | '#'*) ;;
      ' '*) commands[-1]+=${line#  }$'\n' ;;
      *) faults+=("$line") commands+=('') ;;
    esac
  done <"$TABLE"
}

one_fault() { # INDEX
  local index=$1 name wanted setup lines
  IFS='|' read -r name wanted setup <<<"${faults[index]}"
  mapfile -t lines < <(printf %s "${commands[index]}")
  corner "$index" && fault "$name" "$wanted" "$setup" "${lines[@]}"
  lab_stop_all
}

# corner INDEX: gives one fault its own network, bus, name server and timesyncd files.
corner() {
  local path
  LAB_DIR=$LAB_DIR/corners/$1
  mkdir -p "$LAB_DIR"/{log,pids,tmp,home,out} || return
  for path in /run/dbus /run/systemd/timesync /etc/systemd/timesyncd.conf.d /etc/resolv.conf; do
    cp -r "$path" "$LAB_DIR/${path##*/}" && mount --bind "$LAB_DIR/${path##*/}" "$path" || return
  done
  "$LAB_BUILT/loopback_up"
}

all() {
  local i results=$LAB_DIR/results wanted=0
  mkdir -p "$results" /run/dbus "$LAB_DIR/tools"
  ln -s "$PROG" "$LAB_DIR/tools/ntp_monitor"
  ln -s "$LAB_ROOT/usr/lib/nagios/plugins/check_ntp_time" "$LAB_DIR/tools/check_ntp_time"
  PATH=$LAB_DIR/tools:$PATH
  printf '%s\n' '[monitoring]' 'offset_threshold = 100ms' >"$LAB_DIR/offset.conf"
  for i in "${!faults[@]}"; do
    [[ "beside: ${faults[i]%%|*}" =~ ${ONLY-} ]] || continue
    while [ "$(jobs -rp | wc -l)" -ge $AT_ONCE ]; do
      wait -n
    done
    wanted=$((wanted + 1))
    unshare -n -m "$TOP/tests/torture/beside.sh" "$i" >"$results/$(printf %02d "$i")" 2>&1 &
  done
  wait
  printf '#   %-52s %6s %7s  %s\n' command status seconds 'what it says'
  cat "$results"/*
  [ "$(cat "$results"/* | grep -c '^ok ')" = "$wanted" ]
}

read_table
if [ $# -gt 0 ]; then
  one_fault "$1"
else
  all
fi
