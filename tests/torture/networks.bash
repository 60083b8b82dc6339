# networks.bash: networks beside the lab's own, for daemons that a machine under test must not meet: the servers
# that its time service asks are another machine's, and each ntpd wants port 123.
# shellcheck shell=bash

readonly AWAY=/run/netns/away # of timesyncd and of the servers that it asks

new_network() {
  mkdir -p "${1%/*}" && : >"$1" && unshare "--net=$1" "$LAB_BUILT/loopback_up"
}

# in_network PATH FUNCTION [ARGUMENT...]: of lab.sh or ours, which starts daemons there.
in_network() {
  nsenter "--net=$1" "$BASH" -c ". \"\$LAB_SOURCE/lab.sh\"; $(declare -f); \"\$@\"" bash "${@:2}"
}

away() {
  in_network "$AWAY" "$@"
}
