# faults_rules.bash: what every run must keep to, whatever is wrong around it, and what its row says.
# shellcheck shell=bash disable=SC2154 # the row's own: status, took_ms, wanted, reason, says, where ...

complain() {
  printf '%s\n' "$*" | cat -v >>"$T/wrong"
}

# All files in the places where a run could leave one.
files() {
  find "$HOME" "$cwd" /tmp /etc -xdev -path /etc/systemd -prune -o -printf '%p %s %T@ %m\n' 2>/dev/null
  [ -z "${kept-}" ] || find "$kept" -mindepth 1 -printf '%p %y %s %T@ %m %l\n'
}

# Judges a run by all rules; $1 is what `files` printed before it.
judge() {
  local places verdicts broken
  thaw_all
  stored >"$T/said" 2>>"$T/wrong"
  perl tests/torture/faults_said.pl "$T/said" "$T/out" >"$T/rules" 2>>"$T/wrong"
  {
    read -r places
    read -r verdicts || complain 'the rules for what was stored did not run'
    while read -r broken; do complain "$broken"; done
  } <"$T/rules"
  rule_end
  rule_line "$places" "$verdicts"
  if compgen -G '/run/chrony/ntp_monitor.*' >/dev/null && [ "$status" -lt 128 ] && ! grep -qE 'ERROR .*(SIGTERM|deadline)' "$T/said"; then
    complain 'its socket stays beside that of chronyd'
  fi
  [ ! -e "$STARTED" ] || complain 'something was started on the bus'
  [ "$(files)" = "$1" ] || complain "files were made or changed: $(diff <(echo "$1") <(files) | grep '^[<>]')"
  row_says "$places"
  if [ -n "$after" ]; then
    eval "$after" >>"$T/wrong" 2>&1 || complain "not so: $after"
  fi
  [ ! -s "$T/wrong" ] || show_run
}

# It ends by itself and by its deadline; a signal ends it only where the row sends one.
rule_end() {
  [ "$took_ms" -le $((limit_ms + 1000)) ] || complain "it took $took_ms ms, with a deadline of $limit_ms ms"
  lab_until 2 group_gone 2>/dev/null || complain 'a process of it stays behind'
  [ "$status" -lt 128 ] || [ "$status" = "$wanted" ] || complain "killed by signal $((status - 128))"
}

group_gone() {
  ! kill -0 -- "-$pid" 2>/dev/null
}

# Status 0 has its line in one place, and any other status at least one, unless the row wants none. The status of
# --inetd says whether it answered, which the row checks, and it logs no OK.
rule_line() {
  [[ " ${args[*]} " != *' --inetd '* ]] || return 0
  if [ "$where" = nowhere ]; then
    [ "$status" != 0 ] || complain 'status 0, though nobody took the line'
    [[ $at == *' 2'[\<\>]* || ${via[*]} == *write:error* ]] ||
      complain 'the row says nowhere, but its stderr is whole'
  elif [ "$where" = none ]; then
    [ "$status" -ge 128 ] || [[ " ${args[*]} " == *' -l none '* ]] || grep -qs '^log_level' /etc/ntp_monitor.conf ||
      complain 'the row says none, but asks for lines'
  elif [ "$status" != 0 ]; then
    [[ ${1/stdout/} == *[a-z]* ]] || complain "status $status without a word"
  elif [ "$where" != stdout ]; then
    [ "$2" = "$copies" ] || complain "status 0 and $2 lines of it instead of $copies"
  fi
}

# The columns of the row.
row_says() {
  local wished=$where
  [[ $where != none && $where != nowhere ]] || wished=
  [[ " ${wanted//,/ } " == *" $status "* ]] || complain "status $status instead of $wanted"
  [ "$1" = "$wished" ] || [ "$where$1" = "any${1:--}" ] || complain "the line is in '$1' instead of '$where'"
  [ "$says" = - ] || grep -aqE -- "$says" "$T/said" || complain "no line says: $says"
  [ "$reason" = - ] || grep -qE "^\{.*\"reason\":\"$reason\",.*\"exit_status\":$status,.*\}\$" "$T/out" ||
    complain "the report does not say $status and $reason: $(head -c 300 "$T/out" | tr -d '\0')"
}

show_run() {
  complain "status $status after $took_ms ms: ${vars[*]} ${via[*]} ntp_monitor ${args[*]} $at"
  complain "$(head -c 3000 "$T/said" | tr -d '\0')"
}
