#!/bin/bash
# lab.sh: the lab's shell library: starts and stops real daemons for a test, inside enter.sh's lab.
#
# How a test file uses it; bats as a whole runs inside: tests/lab/enter.sh bats tests/system/x.bats
#
#   setup_file() {              # one lab for the file: about 0.4 s, nine replies included
#     . tests/lab/lab.sh
#     lab_bus_start
#     lab_ntp_start '*=+50ms'
#     lab_timesyncd_start
#     lab_replies 9
#   }
#   setup() { . tests/lab/lab.sh; }
#   teardown() { lab_logs_on_failure; }
#   teardown_file() { lab_stop_all; }
#   @test "healthy" { run build/ntp_monitor; [ "$status" = 0 ]; }
#
# A daemon is known by a name; its PID and log are files below $LAB_DIR, so any test of the file can stop, freeze or
# read what setup_file started. Several files may run at once, each in its own lab. Every wait has a condition and a
# limit; at the limit a function returns non-zero and says why. Functions never exit, set no shell option, and work
# under set -e.
#
#   lab_enter COMMAND [ARGUMENT...]   run a command in a new lab, also from inside one
#   lab_spawn NAME COMMAND...         run in the background, output to $LAB_DIR/log/NAME
#   lab_until SECONDS COMMAND...      repeat the command until it succeeds
#   lab_ready NAME SECONDS COMMAND... the same for a daemon just started
#   lab_line FILE REGEX [SECONDS]     wait for a line in a file (5 s), print the last match
#   lab_pid NAME, lab_alive NAME, lab_stop NAME, lab_kill NAME, lab_freeze NAME, lab_thaw NAME
#   lab_stop_all                      stop every daemon
#   lab_logs [NAME...]                print the logs; lab_logs_on_failure: if a bats test failed
#   lab_processes NAME                the PIDs of processes with this name, one per line
#   lab_as_user COMMAND...            run as uid 1000 without any capability (EACCES applies)
#   lab_owned PORT UID START COMMAND...   run as if this user owned the UDP port, with ports from START on unprivileged
#   lab_bus.sh, lab_syslog.sh, lab_chrony.sh, lab_ntpd.sh, lab_ptp.sh, lab_sntp.sh, lab_liar.sh, lab_monitors.sh, lab_http.sh, lab_contrib.sh, lab_far.sh   the daemons
if [ -z "${LAB_SOURCE-}" ]; then
  LAB_SOURCE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  LAB_TREE=$(cd "$LAB_SOURCE/../.." && pwd)
fi
export LAB_BUILT=$LAB_TREE/build/tests/lab
# Without systemd on this machine, the lab's own units are used.
export SYSTEMD_UNIT_PATH=${LAB_ROOT-}/lib/systemd/system:

# shellcheck source-path=SCRIPTDIR source=lab_bus.sh
. "$LAB_SOURCE/lab_bus.sh"
# shellcheck source-path=SCRIPTDIR source=lab_syslog.sh
. "$LAB_SOURCE/lab_syslog.sh"
# shellcheck source-path=SCRIPTDIR source=lab_chrony.sh
. "$LAB_SOURCE/lab_chrony.sh"
# shellcheck source-path=SCRIPTDIR source=lab_ntpd.sh
. "$LAB_SOURCE/lab_ntpd.sh"
# shellcheck source-path=SCRIPTDIR source=lab_ptp.sh
. "$LAB_SOURCE/lab_ptp.sh"
# shellcheck source-path=SCRIPTDIR source=lab_sntp.sh
. "$LAB_SOURCE/lab_sntp.sh"
# shellcheck source-path=SCRIPTDIR source=lab_liar.sh
. "$LAB_SOURCE/lab_liar.sh"
# shellcheck source-path=SCRIPTDIR source=lab_monitors.sh
. "$LAB_SOURCE/lab_monitors.sh"
# shellcheck source-path=SCRIPTDIR source=lab_http.sh
. "$LAB_SOURCE/lab_http.sh"
# shellcheck source-path=SCRIPTDIR source=lab_contrib.sh
. "$LAB_SOURCE/lab_contrib.sh"
# shellcheck source-path=SCRIPTDIR source=lab_far.sh
. "$LAB_SOURCE/lab_far.sh"

lab_processes() {
  grep -lxs "$1" /proc/[0-9]*/comm | cut -d/ -f3
}

lab_enter() {
  "$LAB_SOURCE/enter.sh" "$@"
}

lab_say() {
  printf 'lab: %s\n' "$*" >&2
}

# A fork of the shell costs milliseconds on a slow machine, so what is done often does without.

# lab_uptime_ms [VARIABLE]: prints the milliseconds since the machine started, unaffected by setting the clock, or sets
# the variable to them.
lab_uptime_ms() {
  local up
  read -r up _ </proc/uptime
  up=$((10#${up/./} * 10))
  if [ $# -gt 0 ]; then printf -v "$1" %s "$up"; else echo "$up"; fi
}

# lab_until SECONDS COMMAND...: on timeout says so and returns 1. Nobody writes to $LAB_DIR/never.
lab_until() {
  local now_ms end_ms seconds=$1
  shift
  lab_uptime_ms end_ms
  end_ms=$((end_ms + seconds * 1000))
  until "$@"; do
    lab_uptime_ms now_ms
    if [ "$now_ms" -gt "$end_ms" ]; then
      lab_say "waited $seconds s in vain for: $*"
      return 1
    fi
    read -rt 0.02 _ <>"$LAB_DIR/never" || true
  done
}

lab_gone_or() {
  local name=$1
  shift
  lab_gone "$name" || "$@"
}

# lab_ready NAME SECONDS COMMAND...: lab_until for a daemon just started; fails at once if it has exited.
lab_ready() {
  local name=$1 seconds=$2
  shift 2
  lab_until "$seconds" lab_gone_or "$name" "$@" && lab_alive "$name" && return
  lab_say "$name did not start:"
  lab_logs "$name" >&2
  return 1
}

lab_line() {
  lab_until "${3-5}" grep -qsE -- "$2" "$1" && grep -E -- "$2" "$1" | tail -n 1
}

# bats waits for everyone who holds its descriptors, so a daemon inherits only its own three.
lab_spawn() {
  local name=$1 fd
  shift
  if lab_alive "$name"; then
    lab_say "$name runs already"
    return 1
  fi
  : >"$LAB_DIR/log/$name" # it may hold "ready" from an earlier process
  (
    for fd in /proc/self/fd/*; do
      fd=${fd##*/}
      [ "$fd" -le 2 ] || eval "exec $fd>&-"
    done
    exec "$@" </dev/null >"$LAB_DIR/log/$name" 2>&1
  ) &
  echo $! >"$LAB_DIR/pids/$name"
  disown $!
}

lab_pid() {
  cat "$LAB_DIR/pids/$1" 2>/dev/null
}

lab_alive() {
  local pid
  { read -r pid <"$LAB_DIR/pids/$1" && kill -0 "$pid"; } 2>/dev/null
}

lab_gone() {
  ! lab_alive "$1"
}

lab_signal() {
  local pid
  read -r pid <"$LAB_DIR/pids/$2" && kill -s "$1" "$pid"
}

lab_freeze() {
  lab_signal STOP "$1"
  lab_until 5 lab_in_state "$1" T
}

lab_thaw() {
  lab_signal CONT "$1"
}

# lab_in_state NAME LETTER: the process state as in proc(5); T is stopped.
lab_in_state() {
  grep -qs "^State:[[:space:]]*$2" "/proc/$(lab_pid "$1")/status"
}

lab_kill() {
  lab_signal KILL "$1" 2>/dev/null || true
  lab_until 5 lab_gone "$1"
  rm -f "$LAB_DIR/pids/$1"
}

lab_stop() {
  if lab_alive "$1"; then
    lab_signal TERM "$1" 2>/dev/null || true
    lab_signal CONT "$1" 2>/dev/null || true # a frozen process gets SIGTERM only now
    lab_until 5 lab_gone "$1" || lab_kill "$1"
  fi
  rm -f "$LAB_DIR/pids/$1"
}

lab_stop_all() {
  local file
  for file in "$LAB_DIR"/pids/*; do
    [ ! -e "$file" ] || lab_stop "${file##*/}"
  done
}

lab_logs() {
  local name
  [ $# -gt 0 ] || set -- "$LAB_DIR"/log/*
  for name in "${@##*/}"; do
    printf -- '--- log of %s\n' "$name"
    grep -vE '^(Got|Sent) message' "$LAB_DIR/log/$name" | tail -n 40
  done
}

# For a bats teardown: prints the logs if the test failed.
lab_logs_on_failure() {
  [ -n "${BATS_TEST_COMPLETED-}" ] || lab_logs
}

# The lab's user map holds one user; a nested namespace gives that user another number and takes all capabilities away.
# It still owns the lab's files, so to be denied a file needs a mode like 000.
lab_as_user() {
  HOME=$LAB_DIR/user unshare --user --map-user=1000 --map-group=1000 "$@"
}

# The lab's map has no second user who could own a port. So the command sees a copy of the kernel's socket table with
# another owner in this port's lines. START is really set.
# For `unshare -m sh -c "$LAB_OWNED" PORT UID START COMMAND...`, where functions are not available.
# shellcheck disable=SC2016,SC2034 # sh's own $; used by tests
LAB_OWNED='port=$(printf %04X "$0") line="s/^( *[0-9]+: [0-9A-F]+:$port( [^ ]+){5} +)[0-9]+ /\1$1 /"
  echo "$2" >/proc/sys/net/ipv4/ip_unprivileged_port_start || exit
  udp=$(sed -E "$line" /proc/self/net/udp) && udp6=$(sed -E "$line" /proc/self/net/udp6) || exit
  shift 2
  mount -t tmpfs lab "/proc/$$/net" && cd "/proc/$$/net" && echo "$udp" >udp && echo "$udp6" >udp6 && cd - >/dev/null && exec "$@"'

lab_owned() {
  unshare -m sh -c "$LAB_OWNED" "$@"
}
