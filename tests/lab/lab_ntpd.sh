#!/bin/bash
# lab_ntpd.sh: part of lab.sh: the real ntpd (of ntpsec), and NTP servers for it to follow.
#
#   lab_ntpd_net                           once, first: the route from every ntpd to lab_ntp_start's server,
#                                          which then has every address of 10.9.0.0/16
#   lab_ntpd_start NAME LINE...            ntpd with these lines of ntp.conf, in a network of its own
#                                          (daemon NAME); does not wait, so several can start at once.
#                                          It polls every 8 s (lab_ntpd_server sets this), and has a
#                                          server to follow after some 6 s
#   lab_ntpd_here NAME COMMAND...          runs a command where 127.0.0.1 is that ntpd's
#   lab_ntpd_vars NAME [ASSOCIATION NAMES]...   ntpq's values of these variables (0: the system's), as
#                                          received, one NAME=VALUE per line
#   lab_ntpd_associations NAME             the numbers of its servers, in the order of ntp.conf
#   lab_ntpd_follows NAME                  whether it has a server to follow
#
# Each has a network of its own because each needs port 123, which the server has on all addresses. ntpd refuses servers
# in 127.0.0.0/8: hence the links. It may not set the clock here, and does not mind.

LAB_NTPD_SERVERS=10.9.0.0/16

lab_ntpd_net() {
  ip route add local $LAB_NTPD_SERVERS dev lo && mkdir -p /run/netns && echo 0 >"$LAB_DIR/ntpd.count"
}

# A link: the servers' end is an address in 10.8.0.0/16, ntpd's the next one.
lab_ntpd_link() {
  local name=$1 count
  count=$(($(cat "$LAB_DIR/ntpd.count") + 1))
  echo "$count" >"$LAB_DIR/ntpd.count"
  : >"/run/netns/$name"
  unshare "--net=/run/netns/$name" true &&
    ip link add "to$count" type veth peer name far netns "$name" &&
    ip address add "10.8.$count.1/24" dev "to$count" && ip link set "to$count" up &&
    lab_ntpd_here "$name" ip link set lo up &&
    lab_ntpd_here "$name" ip address add "10.8.$count.2/24" dev far &&
    lab_ntpd_here "$name" ip link set far up &&
    lab_ntpd_here "$name" ip route add $LAB_NTPD_SERVERS via "10.8.$count.1"
}

lab_ntpd_here() {
  local name=$1
  shift
  nsenter "--net=/run/netns/$name" "$@"
}

lab_ntpd_start() {
  local name=$1
  shift
  [ -e "/run/netns/$name" ] || lab_ntpd_link "$name" || return
  echo 0.000 >"$LAB_DIR/$name.drift" # else it would measure the frequency first
  {
    echo "driftfile $LAB_DIR/$name.drift"
    printf '%s\n' 'restrict default kod nomodify noquery limited' 'restrict 127.0.0.1' 'restrict ::1' "$@"
  } >"$LAB_DIR/$name.conf"
  lab_spawn "$name" nsenter "--net=/run/netns/$name" ntpd -n -N -c "$LAB_DIR/$name.conf"
}

# Prints the lines for servers at these addresses.
lab_ntpd_server() {
  printf 'server %s iburst minpoll 3 maxpoll 3\n' "$@"
}

lab_ntpd_vars() {
  local name=$1 commands=()
  shift
  for _ in $(seq $(($# / 2))); do
    commands+=(-c "rv $1 $2")
    shift 2
  done
  lab_ntpd_here "$name" ntpq -n -c raw "${commands[@]}" 127.0.0.1 2>>"$LAB_DIR/log/ntpq" |
    sed '/^Output set to raw/d; s/\r//g; s/, */\n/g' | grep '='
}

lab_ntpd_associations() {
  lab_ntpd_here "$1" ntpq -n -c associations 127.0.0.1 | awk '$1 ~ /^[0-9]+$/ { print $2 }'
}

lab_ntpd_follows() {
  lab_ntpd_vars "$1" 0 peer | grep -q '=[1-9]'
}
