# Bugs to plant (tests/bugs/planted.txt), each of which a test must catch.
#
#   make bugs-apply            checks that every bug can be planted; part of make lint
#   make bugs [ONLY=PATTERN]   plants each one and runs the test that must catch it: hours

.PHONY: bugs bugs-apply
bugs-apply:
	@tests/bugs/plant.pl --check
bugs: lab programs $(if $(filter no,$(SYSTEMD)),,fuzz-programs)
	@ONLY='$(ONLY)' tests/bugs/bugs.sh
