# faults_sources.bash: chronyd, ntpd, ptp4l and NTP servers for the rows of the fault matrix, and ways to break them.
#
# A row starts chronyd, and the servers that it or the program asks. ntpd and ptp4l need seconds before they follow a
# server, so these start with the machine, where no other row meets them: each ntpd in a network of its own, their
# servers in another, ptp4l at unusual sockets.
# shellcheck shell=bash disable=SC2034,SC2154 # the row's own

readonly POOL=/run/netns/pool # the network of the servers that ntpd asks
readonly BAD_PEER=$TOP/build/tests/torture/bad_peer

# --- what starts with the machine --------------------------------------------------------------------

# True if a row needs it: the kind is the first letter of an id.
wanted_kind() {
  rows | grep -qE "^[$1]"
}

sources_start() {
  if wanted_kind DX; then
    new_network "$POOL" && printf '%s\n' '10.9.1.4=+2.5s' '10.9.1.5=drop=1' '*=+5ms' >"$LAB_DIR/pool.rules" &&
      lab_spawn pool nsenter "--net=$POOL" "$LAB_BUILT/ntp_server" -c "$LAB_DIR/pool.rules" &&
      in_network "$POOL" ntpds_start || return
  fi
  if wanted_kind PX; then
    lab_ptp_network && lab_ptp_start gm a0 'use_syslog 0' 'fault_reset_interval -2' 'priority1 10' \
      'announceReceiptTimeout 3' && slave_start
  fi
}

# It logs to a file, not to a log socket made by a row.
quiet_ntpd() { # NAME LINE...
  lab_ntpd_start "$@" "logfile $LAB_DIR/log/words-of-$1"
}

ntpds_start() {
  lab_ntpd_net
  quiet_ntpd ahead 'tos minsane 3' "$(lab_ntpd_server 10.9.1.{1..4})"
  quiet_ntpd lost 'server 10.9.3.1 iburst minpoll 0 maxpoll 0'
  quiet_ntpd idle 'disable ntp' "$(lab_ntpd_server 10.9.1.1)"
  quiet_ntpd step "$(lab_ntpd_server 10.9.1.4)"
  quiet_ntpd split "$(lab_ntpd_server 10.9.1.1 10.9.1.4)"
  quiet_ntpd never "$(lab_ntpd_server 10.9.1.5)"
  quiet_ntpd none
  quiet_ntpd names 'pool no.such.example'
  quiet_ntpd mute 'restrict 127.0.0.1 noquery' 'restrict ::1 noquery'
  quiet_ntpd six 'restrict 127.0.0.1 ignore' "$(lab_ntpd_server 10.9.1.1)"
  lose_server &
}

# One of them loses its server as soon as it follows it.
lose_server() {
  lab_until 60 lab_ntpd_follows lost && sed -i '$a 10.9.3.1=drop=1' "$LAB_DIR/pool.rules"
}

slave_start() { # [SETTING...]
  lab_ptp_start slave b0 'use_syslog 0' 'slaveOnly 1' "${@-clock_servo linreg}"
}

# --- servers -----------------------------------------------------------------------------------------

# serve PORT [RULE...]: starts NTP servers at each of this machine's addresses.
serve() {
  local port=$1
  shift
  printf '%s\n' '*=+5ms' "$@" >"$T/servers"
  lab_spawn servers "$LAB_BUILT/ntp_server" -p "$port" -c "$T/servers" &&
    lab_ready servers 5 grep -qsx ready "$LAB_DIR/log/servers"
}

# ask SERVERS [ARGUMENT...]: samples only these, four times in a second.
ask() {
  etc '[sntp]' 'interval = 250ms'
  with -s "sntp:$1" "${@:2}"
}

# bad ADDRESS ITEM...: starts bad_peer at a port or path; bad_peer.c describes the items.
bad() {
  lab_spawn bad "$BAD_PEER" "$@" && lab_ready bad 5 grep -qsx ready "$LAB_DIR/log/bad"
}

# lie NAME [1|2]: asks liar for the lie of this name, with an honest reply after it (1) or alone (2, the default).
lie() {
  local number
  number=$(lab_liar_table | awk -F '\t' -v name="$1" '$3 == name { print $1 }')
  [ -n "$number" ] && lab_liar_start && ask "127.${2-2}.0.$number"
}

has_asked() {
  lab_line "$LAB_DIR/log/$1" '^(answered|dropped|asked)' >/dev/null
}

# --- chronyd -----------------------------------------------------------------------------------------

readonly COMMAND_PORT=323 TIME_PORT=123 OTHER_PORT=1230

chrony_server() {
  lab_chrony_server "$1" port "$OTHER_PORT" "${@:2}"
}

# chronyd_runs [LINE...]: reads a chronyd with these lines, which need not follow a server.
chronyd_runs() {
  with -s chrony
  lab_chrony_start "$@"
}

# follow [LINE...]: the same, once it has selected the server at 127.0.0.1.
follow() {
  serve "$OTHER_PORT" && chronyd_runs "$(chrony_server 127.0.0.1)" "$@" && lab_until 10 lab_chrony_marked '*' 1
}

chrony_says() {
  lab_until 10 chrony_said "$1"
}

chrony_said() {
  "$PROG" -s chrony -l none -o json | grep -qE "$1"
}

# bad_chrony ITEM...: starts bad_peer at chronyd's port.
bad_chrony() {
  with -s chrony
  bad "$COMMAND_PORT" "$@"
}

# The head of a reply (chrony's candm.h): version 6, a reply, the request's command and number.
readonly REPLY='0=06020000 4@4:2 16@8:4'

# --- ntpd --------------------------------------------------------------------------------------------

# at_ntpd NAME [CONDITION...]: runs the program where 127.0.0.1 is that ntpd's, once the condition is true.
at_ntpd() {
  local name=$1
  shift
  with -s ntpd
  via=(nsenter "--net=/run/netns/$name" "${via[@]}")
  [ $# = 0 ] || lab_until 60 "$@"
}

ntpd_said() {
  nsenter "--net=/run/netns/$1" "$PROG" -s ntpd -l none -o json | grep -qE "$2"
}

bad_ntpd() {
  with -s ntpd
  bad "$TIME_PORT" "$@"
}

# --- ptp4l -------------------------------------------------------------------------------------------

# ptp [LINE...]: reads the clock that follows the other, with these lines of [ptp].
ptp() {
  ptp_at /run/ptp/slave "$@" && lab_ptp_reach slave SLAVE
}

# A slave that slept claims to be one until it notices how late it is.
fresh_slave_after() {
  undo 'lab_stop slave; slave_start'
}

# other_slave SETTING...: replaces the slave.
other_slave() {
  lab_stop slave
  undo 'lab_stop slave; slave_start'
  slave_start "$@"
}

ptp_at() {
  etc '[ptp]' "sockets = $1" "${@:2}"
  with -s ptp
}

bad_ptp() {
  with -s ptp
  bad /run/ptp4l "$@"
}

# --- several sources ---------------------------------------------------------------------------------

# Neither a bus nor a daemon, as in a container.
bare() {
  bus_gone && args=(-o json)
}

no_systemd() {
  undo 'mkdir -p /run/systemd/system'
  rmdir /run/systemd/system
}

# keeper_at SOCKET: a time service that is no source of ours listens there.
keeper_at() {
  undo "chmod 755 '${1%/*}'; rm -rf '${1%/*}'"
  mkdir -p "${1%/*}" && peer stream "$1"
}

# process NAME FILE: starts a process of this name, with its PID in the file.
process() {
  undo "rm -f '$2'"
  cp "$(type -P sleep)" "$T/$1" && lab_spawn keeper "$T/$1" 100 && lab_pid keeper >"$2" &&
    lab_until 5 grep -qsx "$1" "/proc/$(<"$2")/comm"
}

# All of them exist, and none answers.
all_hang() {
  lab_chrony_start && lab_freeze chrony && bad "$TIME_PORT" times=0 && lab_ptp_reach slave SLAVE &&
    fresh_slave_after && lab_freeze slave && changed && lab_freeze timesyncd &&
    etc '[ptp]' 'sockets = /run/ptp/slave' '[sntp]' 'servers = 127.0.0.2'
}
