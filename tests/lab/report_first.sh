#!/bin/sh
# report_first.sh: runs a program, and shows what it says on stderr only after its report: a trace of fifty
# lines before it, and a newcomer does not see what the program came to.
#
# usage: report_first.sh PROGRAM [ARGUMENT...]     its status is the program's
said=$(mktemp) || exit
"$@" 2>"$said"
status=$?
cat "$said" >&2
rm -f "$said"
exit "$status"
