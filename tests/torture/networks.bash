# networks.bash: networks beside the lab's own, for daemons that the machine under test must not meet: its time
# service's servers belong to another machine, and each ntpd needs port 123.
# shellcheck shell=bash

readonly AWAY=/run/netns/away # the network of timesyncd and its servers

new_network() {
  mkdir -p "${1%/*}" && : >"$1" && unshare "--net=$1" "$LAB_BUILT/loopback_up"
}

# in_network PATH FUNCTION [ARGUMENT...]: a function of lab.sh or ours that starts daemons there.
in_network() {
  nsenter "--net=$1" "$BASH" -c ". \"\$LAB_SOURCE/lab.sh\"; $(declare -f); \"\$@\"" bash "${@:2}"
}

away() {
  in_network "$AWAY" "$@"
}
