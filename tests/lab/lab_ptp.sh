#!/bin/bash
# lab_ptp.sh: part of lab.sh: real PTP clocks (ptp4l), and pmc to query them.
#
#   lab_ptp_network             another network beside the lab's, with two cables to it: b0 and b1 here, a0
#                               and a1 there
#   lab_ptp_start NAME "INTERFACE..." [SETTING...]
#                               a ptp4l on these (in the other network if they start with a), its
#                               management socket at /run/ptp/NAME; settings as in ptp4l(8): "free_running 1"
#   lab_ptp_get NAME ID FIELD   a field from pmc(8), of the first port that has it
#   lab_ptp_is NAME STATE       whether one of its ports is in this state
#   lab_ptp_reach NAME STATE [SECONDS]   waits for that (30 s)
#
# Time stamps are taken in software. Nothing can be set here: a servo that locks ("clock_servo linreg", at once) is
# refused and logs that, but its port is SLAVE; under "free_running 1" it stays UNCALIBRATED. Messages are frequent, so
# a clock follows its master within a second. A client of a socket with an abstract name must be in that ptp4l's
# network. Without sanity_freq_limit 0 a machine that stalls for a moment looks like a clock that was set, and the port
# stays UNCALIBRATED for a while. stands still for a moment looks to it like a clock that was set, and its port is
# UNCALIBRATED for a while.

lab_ptp_network() {
  local i
  lab_spawn network unshare -n sleep infinity &&
    lab_ready network 5 lab_ptp_is_apart || return
  for i in 0 1; do
    ip link add "b$i" type veth peer name "a$i" netns "$(lab_pid network)" &&
      ip link set "b$i" up && lab_ptp_there ip link set "a$i" up || return
  done
}

lab_ptp_is_apart() {
  local there
  there=$(readlink "/proc/$(lab_pid network)/ns/net") && [ "$there" != "$(readlink /proc/self/ns/net)" ]
}

lab_ptp_there() {
  nsenter --net="/proc/$(lab_pid network)/ns/net" "$@"
}

lab_ptp_start() {
  local name=$1 interface command=() arguments=()
  for interface in $2; do
    arguments+=(-i "$interface")
  done
  shift 2
  mkdir -p /run/ptp
  printf '%s\n' '[global]' 'time_stamping software' 'network_transport L2' "uds_address /run/ptp/$name" \
    'logAnnounceInterval -3' 'announceReceiptTimeout 24' 'logSyncInterval -4' 'logMinDelayReqInterval -4' \
    'sanity_freq_limit 0' \
    "$@" >"$LAB_DIR/$name.conf"
  case ${arguments[1]} in a*) command=(nsenter --net="/proc/$(lab_pid network)/ns/net") ;; esac
  lab_spawn "$name" "${command[@]}" ptp4l -m -f "$LAB_DIR/$name.conf" "${arguments[@]}" &&
    lab_ready "$name" 5 test -S "/run/ptp/$name"
}

# lab_ptp_ask NAME ID: with the domain and transportSpecific that it was given.
lab_ptp_ask() {
  local domain specific
  domain=$(sed -n 's/^domainNumber //p' "$LAB_DIR/$1.conf")
  specific=$(sed -n 's/^transportSpecific //p' "$LAB_DIR/$1.conf")
  pmc -u -b 0 -d "${domain:-0}" -t "${specific:-0}" -s "/run/ptp/$1" "GET $2"
}

lab_ptp_get() {
  lab_ptp_ask "$1" "$2" | awk -v field="$3" '$1 == field && !found++ { print $2 }'
}

lab_ptp_is() {
  lab_ptp_ask "$1" PORT_DATA_SET | grep -q "portState *$2$"
}

lab_ptp_reach() {
  lab_until "${3-30}" lab_ptp_is "$1" "$2" || {
    lab_logs "$1" >&2
    return 1
  }
}
