# The short names; cmake and ninja do the work. `./run` and `./check` also install what they need.
BUILD ?= build
PREFIX ?= /usr/local
DESTDIR ?=

.PHONY: all tuned check run drill drill-money drill-money-mutants mutant bench bench-overload bench-charge bench-cutoff bench-start soak clean install install-tuned format tidy analyze fuzz valgrind

all: $(BUILD)/build.ninja
	cmake --build $(BUILD)

$(BUILD)/build.ninja:
	cmake -S . -B $(BUILD) -G Ninja

# The same program, optimized as a whole and by gcc's profile of its engine at work (docs/performance.md,
# "Tuned"); two minutes. Real scenarios with it: build/dialtone-scenario --real --program build-tuned/dialtone FILES
TUNED ?= build-tuned
tuned:
	cmake -S . -B $(TUNED)-training -G Ninja -DDT_PROFILE=train
	find $(TUNED)-training -name '*.gcda' -delete
	cmake --build $(TUNED)-training --target bench-engine
	for part in refresh register call; do $(TUNED)-training/bench/bench-engine $$part 20000 || exit 1; done
	cmake -S . -B $(TUNED) -G Ninja -DDT_PROFILE=use
	(cd $(TUNED)-training && find . -name '*.gcda' | tar cf - -T -) | tar xf - -C $(TUNED)
	cmake --build $(TUNED) --target clean
	cmake --build $(TUNED) --target dialtone bench-engine dialload dialstorm bench-floor

run:
	./run

check:
	./check

# Scenarios as they are written, minutes of failing database included.
drill: all
	$(BUILD)/dialtone-scenario --real --drill --jobs 4 --program $(BUILD)/dialtone test/scenario/*.scn

# The money drills with the real program and real PostgreSQL, eight minutes; root, for network namespaces.
# DRILLS: some of them (docs/drills.md).
drill-money: all mutant
	python3 -B test/drill/run.py --build $(BUILD) --mutant-build $(MUTANT) $(DRILLS)

# The same with a mistake in the program, once for each mistake: every drill has to fail.
drill-money-mutants: all mutant
	python3 -B test/drill/run.py --mutants --build $(BUILD) --mutant-build $(MUTANT) $(DRILLS)

# A program that drills can break; never shipped.
MUTANT ?= build-mutant
mutant:
	cmake -S . -B $(MUTANT) -G Ninja -DDIALTONE_MUTANT=ON
	cmake --build $(MUTANT) --target dialtone dialload

bench: all
	bench/run-side-by-side.sh

# A quarter of an hour: overload, avalanche, stopped destination, TCP, a million bindings; draws the curve.
# BENCH: more options for it.
bench-overload: all
	bench/run-overload.sh --build $(BUILD) --svg docs/overload.svg $(BENCH)

# A minute: what a charge costs, beside a script in Redis and a function in PostgreSQL.
bench-charge: all
	bench/run-charge.sh --build $(BUILD) $(BENCH)

# Two minutes: many calls at once on little money, beside Kamailio with cnxcc.
bench-cutoff: all
	bench/run-cutoff.sh --build $(BUILD) $(BENCH)

# Two minutes: a start with a million accounts and 500,000 prefixes, and a deck of that size put in force.
bench-start: all
	bench/run-start.sh --build $(BUILD) $(BENCH)

# 20,000 random days, an hour or so; a seed that fails is made small and printed as a command. SEEDS, FIRST: others.
SEEDS ?= 20000
FIRST ?= 1
soak: all
	$(BUILD)/dialtone simulate --seeds $(SEEDS) --first $(FIRST)

# New inputs, two minutes for each fuzzer.
fuzz:
	cmake --preset fuzz
	cmake --build --preset fuzz
	scripts/fuzz-briefly.sh build-fuzz 120

# Edge and web role under valgrind while the demo's phones call; a minute.
valgrind: all
	python3 -B test/wire/valgrind.py $(BUILD)/dialtone $(BUILD)/dialtone-phones

# clang-tidy fails on what it says, unless it is argued in the place. 40 minutes of a processor: not a part of check.
# SOURCES: some of the files.
SOURCES ?= src/*.c
tidy: $(BUILD)/build.ninja
	git ls-files '$(SOURCES)' | xargs -P 2 -n 4 clang-tidy-14 -p $(BUILD) --quiet --warnings-as-errors='*'

# gcc's analyzer, some 10 minutes; what is known to be no fault is argued in the script.
analyze:
	scripts/analyze.sh

format:
	git ls-files '*.c' '*.h' | xargs clang-format-14 -i

install: all
	install -D -m 755 $(BUILD)/dialtone $(DESTDIR)$(PREFIX)/bin/dialtone

install-tuned: tuned
	install -D -m 755 $(TUNED)/dialtone $(DESTDIR)$(PREFIX)/bin/dialtone

clean:
	rm -rf build build-*
