#!/bin/bash
# golden.sh: merges what tests heard the program say, recorded through GOLDEN_RECORD, into tests/golden.txt.
#
# A line has a test program, what it did, and what was said, separated by tabs. A program's lines replace all that it
# had before; those of a program that is gone are dropped.
#
# usage: golden.sh FOLDER
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")"
cat "$1"/* | perl -e '
  my (%lines, %heard);
  while (<STDIN>) {
    my ($test, $label) = split /\t/;
    my $before = $heard{$test}{$label};
    die "golden.sh: two texts for $test\t$label\n" if defined $before && $before ne $_;
    push @{$lines{$test}}, $_ if !defined $before;
    $heard{$test}{$label} = $_;
  }
  open my $file, "<", "golden.txt" or die "golden.txt: $!\n";
  while (<$file>) {
    print if /^#/;
    my ($test) = split /\t/;
    push @{$lines{$test}}, $_ if !/^#/ && !$heard{$test} && -e "unit/$test.c";
  }
  print @{$lines{$_}} for sort keys %lines;
' >golden.new
mv golden.new golden.txt
