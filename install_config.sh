#!/bin/sh
# Installs ntp_monitor.conf.example, from the folder of this script, where
# ntp_monitor looks for its configuration, adds the cron line on request, and
# removes both again. Uses POSIX sh and the tools of every Debian or busybox
# system.
#
# Nothing that exists is ever overwritten: files are created with O_EXCL (set
# -C), which follows no symbolic link and loses no race. Under sudo, everything
# that is the calling user's is done as that user, through su: the owner is
# right without a chown, root follows no link of that user's, and a home that
# root cannot enter (NFS, FUSE) works. A crontab that could not be read is never
# replaced.

set -u
LC_ALL=C # crontab's messages are compared
FILE=
MASK=
export LC_ALL FILE MASK

dry_run=no
failed=0
nl='
'
with_cron=no
work=install

# Cron lines: an active one that runs the program in any way; one that is
# commented out; one exactly as this script writes it.
name='(.*[^A-Za-z0-9_.-])?ntp[_-]monitor([^A-Za-z0-9_./-].*)?'
time='[-0-9*,/~]+[[:blank:]]+[-0-9*,/~]+([[:blank:]]+[^[:blank:]]+){3}'
active="^[[:blank:]]*(@[a-z]+|$time)[[:blank:]]+$name\$"
disabled="^[[:blank:]]*#[#[:blank:]]*(@[a-z]+|$time)[[:blank:]]+$name\$"
plain='/([A-Za-z0-9_.,:@+/-]*/)?ntp_monitor'
quoted="'/(([^']|'\\\\'')*/)?ntp_monitor'"
ours="^\\*/5 \\* \\* \\* \\* ($plain|$quoted)\$"

help() {
  cat <<'END'
usage: ./install_config.sh [--cron] [--dry-run]
       ./install_config.sh --uninstall [--dry-run]

Installs ntp_monitor.conf.example, from the folder of this script, as
  ~/.ntp_monitor.conf      and, if run by root, also as
  /etc/ntp_monitor.conf    (mode 0644)
Every key in it is commented out, so installing it changes nothing. Under sudo
(or doas) home, owner and crontab are those of the calling user. Existing files
and symbolic links are left unchanged.

  --cron       also add  */5 * * * * /absolute/path/ntp_monitor  to the crontab,
               with the ntp_monitor in PATH, or else build/ntp_monitor beside
               this script (for root's crontab: only if no one else can change
               it). Not added if the crontab already runs ntp_monitor in any
               way, or has such a line commented out: that line is shown and
               kept. To add another one anyway, use crontab -e
  --uninstall  remove files identical to the example, and cron lines exactly as
               --cron writes them; anything changed is named and kept. A crontab
               that would be empty is removed.
  --dry-run    show what would be done, and change nothing
  -h, --help   show this help

Environment: HOME (if unset, not absolute, or under sudo: the passwd entry),
PATH (for --cron), SUDO_USER, DOAS_USER.
Exit status: 0 everything is done, was so already, or was kept as reported;
1 something could not be done; 2 usage error.
END
}

say() {
  printf '%s\n' "$*"
}

problem() {
  say "install_config.sh: $*" >&2
  failed=1
}

usage_error() {
  problem "$*; try --help"
  exit 2
}

parse_options() {
  for argument; do
    case $argument in
      --cron) with_cron=yes ;;
      --uninstall) work=uninstall ;;
      --dry-run) dry_run=yes ;;
      -h | --help)
        help
        exit
        ;;
      *) usage_error "unknown argument '$argument'" ;;
    esac
  done
  if [ "$work $with_cron" = "uninstall yes" ]; then
    usage_error "--uninstall removes the cron line by itself, without --cron"
  fi
}

find_example() {
  here=$(readlink -f -- "$0")
  here=${here%/*}
  example=$here/ntp_monitor.conf.example
  if [ ! -f "$example" ] || [ ! -r "$example" ]; then
    problem "$example is missing or not readable"
    exit 1
  fi
}

# The home of user $1 in the passwd database; not all of busybox has getent.
passwd_home() {
  if command -v getent >/dev/null 2>&1; then
    getent passwd "$1"
  else
    while IFS= read -r entry; do
      if [ "${entry%%:*}" = "$1" ]; then
        say "$entry"
      fi
    done </etc/passwd
  fi | cut -d: -f6
}

# Sets is_root, user (the owner of home and crontab), other (the same, if
# someone else runs this) and home (empty, with a problem, if there is none).
find_user() {
  home=${HOME-}
  is_root=no
  other=
  user=$(id -un 2>/dev/null) || user=$(id -u)
  if [ "$(id -u)" = 0 ]; then
    is_root=yes
    caller=${SUDO_USER:-${DOAS_USER:-$user}}
    if [ "$caller" != "$user" ]; then
      home=
      other=$caller
      user=$caller
    fi
  fi
  case $home in
    /*) return ;;
  esac
  home=$(passwd_home "$user")
  case $home in
    /*) ;;
    *)
      problem "no home known for user $user (no passwd entry)"
      home=
      ;;
  esac
}

# Runs the shell code $2 as user $1, or as the current user if that is empty.
# FILE and MASK reach it through the environment, so no path needs quoting.
run_as() {
  if [ -n "$1" ]; then
    su -s /bin/sh -c "$2" "$1"
  else
    sh -c "$2"
  fi
}

# Prints in one word what FILE is to user $1.
# shellcheck disable=SC2016 # expanded by run_as
file_state() {
  run_as "$1" '
    folder=${FILE%/*}/
    if [ -L "$FILE" ]; then echo link
    elif [ ! -d "$folder" ] || [ ! -x "$folder" ]; then echo no-folder
    elif [ ! -e "$FILE" ]; then echo absent
    elif [ ! -f "$FILE" ]; then echo other
    elif cmp -s - "$FILE"; then echo same
    else echo changed
    fi' <"$example"
}

# Installs or removes (as $2 says) FILE with the code $3, run as user $1.
change_file() {
  if [ "$dry_run" = yes ]; then
    say "would $2 $FILE"
  elif why=$(run_as "$1" "$3" <"$example" 2>&1); then
    say "${2%e}ed $FILE"
  else
    problem "cannot $2 $FILE: ${why##*: }"
  fi
}

# shellcheck disable=SC2016 # expanded by run_as
handle_file() {
  state=$(file_state "$1")
  case $work,$state in
    install,absent)
      change_file "$1" install 'umask "$MASK"; set -C; exec 3>"$FILE" || exit
        cat >&3 || { rm -f -- "$FILE"; exit 1; }'
      ;;
    install,no-folder)
      problem "cannot install $FILE: the folder ${FILE%/*}/ is missing," \
        "or closed to user $user"
      ;;
    install,other) problem "cannot install $FILE: it exists and is not a regular file" ;;
    uninstall,same) change_file "$1" remove 'rm -f -- "$FILE"' ;;
    uninstall,absent | uninstall,no-folder) say "nothing at $FILE" ;;
    *,same) say "left $FILE: already installed" ;;
    *,changed) say "left $FILE: it differs from the example" ;;
    *,link) say "left $FILE: it is a symbolic link" ;;
    *,other) say "left $FILE: it is not a regular file" ;;
    *) problem "cannot $work $FILE as user $user" ;;
  esac
}

handle_files() {
  if [ -n "$home" ]; then
    FILE=${home%/}/.ntp_monitor.conf
    MASK=go-w # the user's own umask, but never writable for others
    handle_file "$other"
  fi
  if [ "$is_root" = yes ]; then
    FILE=/etc/ntp_monitor.conf
    MASK=022
    handle_file ''
  fi
}

# Sets table to the whole crontab. Debian's crontab -l omits up to three comment
# lines at the top as its own header, even if a file written by hand has none.
# So only a real header is omitted.
read_table() {
  table=
  if ! why=$(run_as "$other" 'crontab -l' 2>&1 >/dev/null); then
    case $why in
      *"no crontab for "*) return ;;
      *"can't open '$user': No such file or directory"*) return ;; # busybox
    esac
    problem "cannot read the crontab of $user, so it is not touched: $why"
    return 1
  fi
  table=$(run_as "$other" 'CRONTAB_NOHEADER=N crontab -l && echo .')
  case $table in
    '# DO NOT EDIT THIS FILE - '*)
      table=$(run_as "$other" 'CRONTAB_NOHEADER=Y crontab -l && echo .')
      ;;
  esac
  if [ "${table%.}" = "$table" ]; then
    problem "cannot read the crontab of $user, so it is not touched"
    return 1
  fi
  table=${table%.} # the dot kept the line ends before it
}

# Replaces the whole crontab with $1.
write_table() {
  if [ -z "$1" ]; then
    why=$(run_as "$other" 'crontab -r' 2>&1) && return
  else
    why=$(printf '%s' "$1" | run_as "$other" 'crontab -' 2>&1) && return
  fi
  problem "cannot write the crontab of $user: $why"
  return 1
}

# Prints the lines of the crontab that grep finds with $@.
lines() {
  printf '%s' "$table" | grep "$@"
}

have_crontab() {
  if ! command -v crontab >/dev/null 2>&1; then
    problem "no crontab program found: install the package cron" \
      "(apt install cron; elsewhere cronie), or use a systemd timer"
    return 1
  fi
}

# Fails if others than root can change the program $1: the file, or any folder
# up to /, on the path as given and on the one with all links resolved. Prints
# the first such place. In a sticky folder like /tmp nobody can replace root's
# files; in a user namespace the machine's root appears as the overflow uid.
roots_alone() {
  read -r _ _ count </proc/self/uid_map 2>/dev/null || count=4294967295
  root=0
  if [ "$count" != 4294967295 ]; then
    root=$(($(cat /proc/sys/kernel/overflowuid) + 0))
  fi
  for path in "$1" "$(readlink -f -- "$1")"; do
    while :; do
      bad=$(find -L "$path" -prune \( ! -user 0 ! -user "$root" -o \
        \( -perm -020 -o -perm -002 \) ! \( -type d -perm -1000 \) \) -print 2>&1)
      if [ -n "$bad" ]; then
        say "$path"
        return 1
      fi
      case $path in
        / | '') break ;;
      esac
      path=${path%/*}
      path=${path:-/}
    done
  done
}

# Sets program to the path for cron. Its user must be able to run it, and root's
# crontab must not run a program that others can change.
# shellcheck disable=SC2016 # expanded by run_as
find_program() {
  program=$(command -v ntp_monitor)
  case $program in
    /*) ;;
    *) program=$here/build/ntp_monitor ;;
  esac
  FILE=$program
  if [ ! -f "$program" ]; then
    problem "no ntp_monitor in PATH and no $program: run make install first"
  elif ! run_as "$other" '[ -x "$FILE" ]'; then
    problem "user $user cannot run $program: run make install first"
  elif [ "$is_root$other" = yes ] && ! changeable=$(roots_alone "$program"); then
    problem "users other than root can change $changeable, so root's crontab must" \
      "not run $program: run make install first"
  elif [ "${program#*[%"$nl"]}" != "$program" ]; then
    problem "cron cannot run a path with % or a line end: $program"
  else
    return 0
  fi
  return 1
}

# Prints $1 as one word for cron's shell.
shell_word() {
  case $1 in
    *[!A-Za-z0-9_.,:@+/-]*) say "$1" | sed "s/'/'\\\\''/g; s/^/'/; s/\$/'/" ;;
    *) say "$1" ;;
  esac
}

add_cron_line() {
  if ! have_crontab || ! find_program || ! read_table; then
    return
  fi
  line="*/5 * * * * $(shell_word "$program")"
  if found=$(lines -Fx -e "$line"); then
    say "left the crontab of $user: it already has the line: $found"
  elif found=$(lines -E -e "$active"); then
    say "left the crontab of $user: it already runs ntp_monitor: $found"
  elif found=$(lines -E -e "$disabled"); then
    say "left the crontab of $user: ntp_monitor is commented out: $found"
  elif [ "$dry_run" = yes ]; then
    say "would add to the crontab of $user: $line"
  else
    case $table in
      '' | *"$nl") ;;
      *) table=$table$nl ;;
    esac
    if write_table "$table$line$nl"; then
      say "added to the crontab of $user: $line"
    fi
  fi
}

remove_cron_line() {
  if ! command -v crontab >/dev/null 2>&1 || ! read_table; then
    return
  fi
  rest=$(
    lines -Ev -e "$ours"
    [ $? -le 1 ] && echo .
  ) || {
    problem "cannot search the crontab of $user, so it is not touched"
    return
  }
  if ! found=$(lines -E -e "$ours"); then
    say "no line of ours in the crontab of $user"
  elif [ "$dry_run" = yes ]; then
    say "would remove from the crontab of $user: $found"
  elif write_table "${rest%.}"; then
    say "removed from the crontab of $user: $found"
  fi
  if found=$(say "$rest" | grep -E -e "$active" -e "$disabled"); then
    say "left in the crontab of $user: $found"
  fi
}

parse_options "$@"
find_example
find_user
handle_files
if [ -n "$home" ] && [ "$work" = uninstall ]; then
  remove_cron_line
elif [ -n "$home" ] && [ "$with_cron" = yes ]; then
  add_cron_line
fi
exit "$failed"
