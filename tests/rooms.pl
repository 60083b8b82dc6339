#!/usr/bin/perl
# rooms.pl: checks the sources against the rooms of src/ and what separates them.
#
# A room uses the rooms below it, and the interface of the room that contains it. The headers in include/ntp_monitor are
# the interfaces between rooms: each belongs to the room with the source of its name. A header in src/ is for its own
# room and the rooms within. src/README.md says what each room is for. Environment: CC, to compile each header alone.
use strict;
use warnings;
use File::Basename qw(basename dirname);

chdir dirname(__FILE__) . '/..' or die "$!\n";

# From the top down.
my @rooms = qw(. cli source source/chrony source/ntpd source/ptp source/sntp source/timesyncd inetd output output/plugin
  format log verdict config reading process net base);
# Headers named for no source, or for sources in several rooms.
my %room_of_header = (ask => 'process', config => 'config', inetd => 'inetd', reading => 'reading', source => 'source', text => 'base');

# What a file may not include, by its path: the first matching row applies. A file without a row is an error.
my $files = 'fcntl|unistd|sys/.*';
my $network = 'sys/socket|netinet/.*|netdb|sys/un|poll|net/.*';
my $services = 'syslog|ini|systemd/.*|curl/.*|dlfcn';
my $pure = "$network|$files|$services|time";
my @foreign = (
  ['config/config_file.c', "$network|fcntl|unistd|syslog|systemd/.*|curl/.*|dlfcn"],
  ['config/config_keys.c', "$network|$files|ini|systemd/.*|curl/.*|dlfcn"],
  ['source/timesyncd/(timesync_)?bus.[ch]', "$network|syslog|ini|curl/.*|dlfcn"],
  ['source/timesyncd/timesync_(text|explain|stamp|sample).c', "$network|$files|$services"],
  ['source/(timesyncd|chrony|ptp|ntpd|sntp)/(candm|mode6|ptp_data|ptp_management|ntp_packet|ntp_select).c', $pure],
  ['source/.*/(chrony_sample|mode6_(text|sample|words)|ptp_(sample|words)|ntp_(figures|sample)).c', $pure],
  ['source/(ntp_time|udp_table|wide).c', $pure],
  ['output/http.c', 'sys/socket|netdb|poll|syslog|ini|systemd/.*|curl/.*'],
  ['output/plugin/.*', "$network|$files|syslog|ini|systemd/.*|dlfcn"],
  ['output/influx_api.c', $pure],
  ['base/trace.c', "sys/socket|netdb|$services"],
  ['(base/clock|reading/.*|verdict/.*|inetd/inetd_http).c', "$network|fcntl|sys/stat|$services"],
  ['base/.*', $pure =~ s/\|time$//r],
  ['config/.*', "sys/socket|netdb|poll|fcntl|$services"],
  ['inetd/.*', "netinet/.*|netdb|$services"],
  ['format/.*', "$network|fcntl|$services"],
  ['log/(journal|local|udp|stderr).c', 'ini|systemd/.*|curl/.*|dlfcn'],
  ['log/.*', "$network|ini|systemd/.*|curl/.*|dlfcn"],
  ['process/trusted.*', "$network|$services"],
  ['(main|run|cli/.*|output/output|process/env).c', "$network|$services"],
  ['(source|net|output|process)/.*', $services],
);

my $bad = 0;
sub complain {
  print "rooms: @_\n";
  $bad = 1;
}

sub slurp {
  my ($path) = @_;
  open my $file, '<', $path or die "$path: $!\n";
  local $/;
  return <$file>;
}

sub room_of {
  my ($path) = @_;
  return dirname($path) eq 'src' ? '.' : dirname($path) =~ s{^src/}{}r;
}

my @sources = sort split /\n/, `find src -name '*.[ch]'`;
my %text = map { $_ => slurp($_) } @sources, glob 'include/ntp_monitor/*.h';
my $n = 0;
my %floor = map { $_ => $n++ } @rooms;
my %rooms_with;
push @{$rooms_with{basename($_, '.c')}}, room_of($_) for grep { /\.c$/ } @sources;

# Returns the room of an included header.
sub room_of_include {
  my ($file, $header) = @_;
  if ($header =~ m{^ntp_monitor/(.*)\.h$}) {
    my @found = $room_of_header{$1} // @{$rooms_with{$1} // []};
    return $found[0] if @found == 1;
    complain("$file includes $header, which is no single room's");
    return;
  }
  return room_of("src/$header");
}

for my $file (@sources) {
  my $room = room_of($file);
  if (!exists $floor{$room}) {
    complain("$file lies in no room");
    next;
  }
  for my $header ($text{$file} =~ /^#include "(.*)"/mg) {
    my $other = room_of_include($file, $header) // next;
    next if $other eq $room;
    my $within = index("$room/", "$other/") == 0; # a room inside that one
    if ($header !~ /^ntp_monitor/ && !$within) {
      complain("$file includes $header, which is another room's own");
    } elsif ($floor{$other} < $floor{$room} && !$within) {
      complain("$file includes $header of the room $other, which stands above it");
    }
  }
  my ($row) = grep { $file =~ m{^src/$_->[0]$} } @foreign;
  complain("$file: no row says what it may not include") if !$row && $file =~ /\.c$/;
  for my $header ($text{$file} =~ /^#include <(.*)\.h>/mg) {
    complain("$file may not include <$header.h>") if $row && $header =~ /^($row->[1])$/;
  }
}

# --- names ---------------------------------------------------------------------

# Functions, by file. An exported one starts with the name of its file, possibly without its last words, or of its room.
my %defined_in;
for my $file (grep { /\.c$/ } @sources) {
  my @names = (basename($file, '.c') =~ s/_none$//r, split m{/}, room_of($file));
  for (my $stem = $names[0]; $stem =~ s/_[^_]*$//;) {
    push @names, $stem;
  }
  while ($text{$file} =~ /^(static )?[a-z][^;={}()\n]*?\b(\w+)\([^;{}]*\) \{$/mg) {
    my ($static, $name) = ($1, $2);
    push @{$defined_in{$name}}, $file;
    complain("$file: $name() is exported and named for neither file nor room")
      if !$static && $name ne 'main' && !grep { $name =~ /^\Q$_\Es?(_|$)/ } @names;
  }
}
for my $name (sort keys %defined_in) {
  complain("$name() stands in several files: @{$defined_in{$name}}") if @{$defined_in{$name}} > 2;
}

# --- what no file may have --------------------------------------------------------

for my $file (sort keys %text) {
  my $lines = () = $text{$file} =~ /\n/g;
  complain("$file has $lines lines") if $lines > 300 && $file =~ /\.c$/;
  complain("$file has an #if: variants are whole files") if $file =~ /\.c$/ && $text{$file} =~ /^ *# *if/m;
  complain("$file uses __int128, which 32-bit machines lack: see wide.h") if $text{$file} =~ /__int128/;
  while ($text{$file} =~ /^([a-z].*\) \{)$(.*?)^\}/msg) {
    my ($name, $body) = ($1, $2);
    my $length = () = $body =~ /\n/g;
    complain("$file: $length lines: $name") if $length > 60;
  }
}

my $flags = `pkg-config --cflags libsystemd 2>/dev/null`;
for my $header (grep { /\.h$/ } sort keys %text) {
  next if $text{$header} =~ /<systemd/ && $? != 0;
  my $command = ($ENV{CC} // 'cc') . " -std=gnu17 -D_GNU_SOURCE -Iinclude -Isrc $flags";
  complain("$header does not compile by itself") if system($command =~ tr/\n/ /r . " -fsyntax-only -x c $header") != 0;
}
print "rooms: " . scalar(@sources) . " files keep to them\n" if !$bad;
exit $bad;
