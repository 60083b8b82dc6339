#!/bin/bash
# golden.sh: merges what tests heard the program say, recorded through GOLDEN_RECORD, into tests/golden.txt.
#
# A line has a test program or `faults`, what it did, and what was said, separated by tabs. The lines of a suite that
# ran as a whole are replaced; if only some rows of the fault matrix ran, those of these rows.
#
# usage: golden.sh FOLDER whole|rows
set -eu
cd "$(dirname "${BASH_SOURCE[0]}")"
cat "$1"/* | perl -e '
  my ($how) = @ARGV;
  my (%heard, %is_whole, @lines);
  while (<STDIN>) {
    my ($suite, $label) = split /\t/;
    my $key = "$suite\t$label";
    die "golden.sh: two texts for $key\n" if defined $heard{$key} && $heard{$key} ne $_;
    push @{$heard{""}}, $key if !defined $heard{$key};
    $heard{$key} = $_;
    $is_whole{$suite} = $suite ne "faults" || $how eq "whole";
  }
  open my $file, "<", "golden.txt" or die "golden.txt: $!\n";
  my (%old, @keys);
  while (<$file>) {
    if (/^#/) {
      print;
      next;
    }
    my ($suite, $label) = split /\t/;
    next if $is_whole{$suite};
    push @keys, "$suite\t$label";
    $old{"$suite\t$label"} = $_;
  }
  my %seen = map { $_ => 1 } @keys;
  push @keys, grep { !$seen{$_} } @{$heard{""}};
  my $n = 0;
  my %place = map { $_ => $n++ } @keys;
  my @sorted = sort { (split /\t/, $a)[0] cmp (split /\t/, $b)[0] or $place{$a} <=> $place{$b} } @keys;
  print map { $heard{$_} // $old{$_} } @sorted;
' "$2" >golden.new
mv golden.new golden.txt
echo "tests/golden.txt: $(wc -l <golden.txt) lines; git diff shows what changed"
