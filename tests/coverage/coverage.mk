# Coverage: runs the tests with gcov's counters, and lists what they did not reach.

$(BUILD)/tests/coverage/%: SANITIZERS :=

.PHONY: coverage
coverage:
	rm -rf build/coverage
	-$(MAKE) BUILD=build/coverage CC=gcc COVERAGE=1 check
	tests/coverage/report.sh build/coverage
