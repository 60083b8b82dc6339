#!/bin/bash
# lab_liar.sh: part of lab.sh: an NTP server that lies in a different way at each address.
#
#   lab_liar_start    liar on port 123: at 127.1.0.N a lie and an honest reply, at 127.2.0.N only the
#                     lie                                                               (liar)
#   lab_liar_table    a line for each N: N, what a client should do with it (drop, take, kiss, none:
#                     no time to be had), its name, what the trace says, separated by tabs

lab_liar_start() {
  lab_spawn liar "$LAB_BUILT/liar" && lab_ready liar 5 grep -qsx ready "$LAB_DIR/log/liar"
}

lab_liar_table() {
  "$LAB_BUILT/liar" -t
}
