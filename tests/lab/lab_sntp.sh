#!/bin/bash
# lab_sntp.sh: part of lab.sh: real NTP servers for the source sntp, beside ntp_server (lab_ntp_start), which has every
# address that no other has.
#
#   lab_sntp_many COUNT [RULE...]   ntp_servers on ports from 1230 to 1239, as many as COUNT parallel clients
#       need (a socket's queue holds some 250 requests), and $LAB_SNTP_MANY: COUNT different addresses of
#       theirs, separated by commas                                                 (sntp_many_N)
#   lab_sntp_network              a second host beside this one: 10.9.0.2, fd09::2 there, 10.9.0.1,
#       10.9.0.4, fd09::1 here                                                        (sntp_host)
#   lab_sntp_v6                   makes all of fd0a::/64 local, as 127.0.0.0/8 is, on no interface:
#       IPv6 addresses for servers
#   lab_sntp_there COMMAND...     runs a command on that host
#   lab_sntp_chronyd_start ADDRESS [LINE...]   a chronyd on this host that serves its own clock at
#       ADDRESS, with these lines of chrony.conf (default: it follows 127.0.0.22)         (sntp_chronyd)
#   lab_sntp_ntpd_start [LINE...]   an ntpd on that host, with these lines of ntp.conf (default: none, so
#       that it never synchronises)                                                  (sntp_ntpd)
#   lab_sntp_served ADDRESS [FILTER]   true while sntp gets an answer from ADDRESS, and the jq filter
#       on its server is true (default: any)

lab_sntp_many() {
  local count=$1 i port
  shift
  for ((port = 1230; port < 1230 + (count + 199) / 200; port++)); do
    lab_spawn sntp_many_$port "$LAB_BUILT/ntp_server" -p $port "$@" &&
      lab_ready sntp_many_$port 5 grep -qsx ready "$LAB_DIR/log/sntp_many_$port" || return
  done
  LAB_SNTP_MANY=''
  for ((i = 0; i < count; i++)); do
    LAB_SNTP_MANY+=${LAB_SNTP_MANY:+,}127.1.$((i / 200)).$((i % 200 + 1)):$((1230 + i / 200))
  done
}

lab_sntp_network() {
  local pid command
  lab_spawn sntp_host unshare -n sleep infinity && lab_ready sntp_host 5 lab_sntp_apart || return
  pid=$(lab_pid sntp_host)
  for command in 'link add va type veth peer name vb' "link set vb netns $pid" 'addr add 10.9.0.1/24 dev va' \
    'addr add 10.9.0.4/24 dev va' 'addr add fd09::1/64 dev va nodad' 'link set va up'; do
    # shellcheck disable=SC2086 # words
    ip $command || return
  done
  for command in 'addr add 10.9.0.2/24 dev vb' 'addr add fd09::2/64 dev vb nodad' 'link set vb up' 'link set lo up'; do
    # shellcheck disable=SC2086 # words
    lab_sntp_there ip $command || return
  done
}

lab_sntp_v6() {
  ip -6 route replace local fd0a::/64 dev lo
}

lab_sntp_apart() {
  [ "$(readlink "/proc/$(lab_pid sntp_host)/ns/net")" != "$(readlink /proc/self/ns/net)" ]
}

lab_sntp_there() {
  nsenter -t "$(lab_pid sntp_host)" -n "$@"
}

lab_sntp_chronyd_start() {
  local address=$1 folder=$LAB_DIR/sntp_chronyd
  shift
  [ $# -gt 0 ] || set -- 'server 127.0.0.22 iburst maxpoll 4'
  mkdir -p "$folder"
  printf '%s\n' "bindaddress $address" 'allow all' 'cmdport 0' "pidfile $folder/pid" 'bindcmdaddress /' \
    "$@" >"$folder/conf"
  lab_spawn sntp_chronyd chronyd -x -d -f "$folder/conf" -u root &&
    lab_ready sntp_chronyd 5 lab_sntp_served "$address" true
}

lab_sntp_ntpd_start() {
  local folder=$LAB_DIR/sntp_ntpd
  mkdir -p "$folder"
  echo 0.000 >"$folder/drift" # else it would measure the frequency first
  printf '%s\n' "driftfile $folder/drift" 'restrict default nomodify' 'restrict 127.0.0.1' "$@" >"$folder/conf"
  lab_spawn sntp_ntpd nsenter -t "$(lab_pid sntp_host)" -n ntpd -n -g -c "$folder/conf" &&
    lab_ready sntp_ntpd 10 lab_sntp_served 10.9.0.2 true
}

lab_sntp_served() {
  local config=$LAB_DIR/sntp.conf
  printf '%s\n' '[sntp]' 'samples = 1' >"$config"
  "${PROG:?}" -C "$config" -s "sntp:$1" -t 1s -l none -o json |
    jq -e --arg filter "${2-true}" "([.servers[] | select(.replies > 0 or .leap == \"unsynchronised\") | ${2-.}] | any)
      or (\$filter == \"true\" and (.message | test(\"its own clock|from this machine\")))" >/dev/null
}
