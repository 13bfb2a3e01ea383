# SPDX-License-Identifier: MIT
# kvalab: one program (build/kvalab, static) with the guest kernel inside it.
#
#   make              build            make demo     the two-minute demonstration (needs /dev/kvm)
#   make test         without KVM      make check    everything; ends with "N passed, N failed, …"
#                                                    HOSTS="kvm qemu": where the guest tests run
#   make guest        guest image      make bench    measures this host
#   make format       clang-format     make install  PREFIX=/usr/local DESTDIR=
#   make fuzz         a model (FUZZ=flash, virtio, layout), for FUZZ_SECONDS=3600 or FUZZ_RUNS= sequences
#   make deps         what is missing  make box      the KVM host in a box, made and tried once
#   make clean
#
# V=1 shows the commands, OUT= moves the build, CC=clang works too. ARMS=DIR adds the arms of a folder
# outside the tree to the guest (docs/adding-an-arm.md).

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:

OUT ?= build
override ARMS := $(ARMS:%/=%)
PREFIX ?= /usr/local
DESTDIR ?=
ifeq ($(origin CC),default)
CC := gcc
endif
LD := ld
OBJCOPY := objcopy
CROSS_CC ?= aarch64-linux-gnu-gcc
CLANG ?= clang
CLANG_FORMAT ?= clang-format

ifeq ($(V),1)
Q :=
say := @:
else
Q := @
say := @printf '  %-8s %s\n'
endif

VERSION := 0.1
ARCH := x86_64

WARN := -Wall -Wextra -Wshadow -Wcast-qual -Wmissing-prototypes -Wstrict-prototypes -Wundef \
	-Wwrite-strings -Werror
COMMON := -std=gnu11 -O2 -g $(WARN) -I. -MMD -MP
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

# There is a dictionary, so comparisons are not traced, which took more than half of the time.
FUZZ_CFLAGS := $(COMMON) $(SANITIZE)
FUZZ_TRACED := -fsanitize=fuzzer-no-link -fno-sanitize-coverage=trace-cmp

HOST_CFLAGS := $(COMMON) -Iarch/$(ARCH)/vmm -pthread -DKVALAB_VERSION='"$(VERSION)"'
STATIC := -static
HOST_LIBS := -lfdt -lcapstone -ljansson -lxxhash -lpthread
CHECK_LIBS := -lcheck_pic -lsubunit -lrt -lm -lz

# Tables with the rows of ARMS, if any, are found before the tree's own.
GUEST_CFLAGS := -iquote $(OUT)/guest/arms $(COMMON) -Iarch/$(ARCH)/guest -ffreestanding -mgeneral-regs-only -mno-red-zone \
	-fno-omit-frame-pointer -fpie -fvisibility=hidden -fno-stack-protector \
	-fno-asynchronous-unwind-tables -fcf-protection=none
GUEST_LD := arch/$(ARCH)/guest/guest.ld
GUEST_LDFLAGS := -pie --no-dynamic-linker -z norelro -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
	--build-id=none -T $(GUEST_LD)
LIBFDT = $(shell $(CC) -print-file-name=libfdt.a)

HOST_SRCS := $(filter-out vmm/main.c,$(wildcard vmm/*.c vmm/*/*.c devices/*/*.c)) \
	$(wildcard arch/$(ARCH)/vmm/*.c)
HOST_ASM := $(wildcard arch/$(ARCH)/vmm/*.S)
GUEST_SRCS := $(wildcard guest/*.c guest/*/*.c arch/$(ARCH)/guest/*.c arch/$(ARCH)/guest/*.S) \
	devices/abi/layout.c
ARM_SRCS := $(wildcard $(ARMS:%=%/*.c))
TEST_SRCS := $(wildcard tests/unit/test_*.c)
STATIC_SRCS := tests/static/flush_proof.c
# The guest's arms of layout are tested on the host, too.
LAYOUT_ARMS := $(shell sed -n 's,^ARM."\([^"]*\)".*,guest/scenario/layout_\1.c,p' guest/scenario/layout.arms)
TEST_HELPERS := $(filter-out $(TEST_SRCS),$(wildcard tests/unit/*.c)) \
	$(filter-out $(STATIC_SRCS),$(wildcard tests/static/*.c)) $(LAYOUT_ARMS)
QEMU_TEST_SRCS := $(wildcard tests/qemu/test_*.c)
QEMU_HELPERS := $(filter-out $(QEMU_TEST_SRCS),$(wildcard tests/qemu/*.c))
FORMATTED := $(wildcard vmm/*.[ch] vmm/*/*.[ch] devices/*/*.[ch] guest/*.[ch] guest/*/*.[ch] \
	arch/*/*.h arch/*/*/*.[ch] tests/*.c tests/unit/*.[ch] tests/static/*.[ch] \
	tests/qemu/*.[ch] tests/fuzz/*.[ch] tests/report/*.[ch] tests/images/*.[ch]) $(wildcard $(ARMS:%=%/*.[ch]))

HOST_ASM_OBJS := $(HOST_ASM:%.S=$(OUT)/host/%.o)
PAGE_PARTS := scripts/page.sh $(wildcard vmm/page/*.html vmm/page/*.css vmm/page/*.js vmm/trace/report/* vmm/cli/compare/*)
PAGE_OBJ := $(OUT)/page/page.o
HOST_OBJS := $(HOST_SRCS:%.c=$(OUT)/host/%.o) $(HOST_ASM_OBJS) $(PAGE_OBJ)
ARM_LIST := $(OUT)/guest/arms/list
ARM_TABLES := $(patsubst %,$(OUT)/guest/arms/%,$(wildcard guest/scenario/*.arms))
ARM_OBJS := $(patsubst %.c,$(OUT)/guest/arms/%.o,$(notdir $(ARM_SRCS)))
GUEST_OBJS := $(patsubst %,$(OUT)/guest/%.o,$(basename $(GUEST_SRCS))) $(ARM_OBJS)
ASAN_OBJS := $(HOST_SRCS:%.c=$(OUT)/asan/%.o) $(HOST_ASM_OBJS) $(PAGE_OBJ)
TEST_HELPER_OBJS := $(TEST_HELPERS:%.c=$(OUT)/host/%.o)
ASAN_HELPER_OBJS := $(TEST_HELPERS:%.c=$(OUT)/asan/%.o)
UNIT_TESTS := $(TEST_SRCS:%.c=$(OUT)/%)
ASAN_TESTS := $(TEST_SRCS:%.c=$(OUT)/asan/%)
STATIC_PROGRAMS := $(STATIC_SRCS:%.c=$(OUT)/%)
QEMU_HELPER_OBJS := $(QEMU_HELPERS:%.c=$(OUT)/host/%.o)
QEMU_TESTS := $(QEMU_TEST_SRCS:%.c=$(OUT)/%)
FUZZ_VIRTIO := $(wildcard devices/virtio/*.c tests/fuzz/*virtio*.c)
FUZZ_LAYOUT := devices/abi/layout.c $(LAYOUT_ARMS) $(wildcard tests/unit/layout_*.c tests/fuzz/*layout*.c)
FUZZ_FLASH := $(filter-out $(FUZZ_VIRTIO) $(FUZZ_LAYOUT),$(wildcard devices/flash/*.c tests/fuzz/*.c))
FUZZ_OBJS := $(patsubst %.c,$(OUT)/fuzz/%.o,$(FUZZ_FLASH) $(FUZZ_VIRTIO) $(FUZZ_LAYOUT))
IMAGE_OBJ := $(OUT)/guest_image.o

# What the test runner's scripts need to know.
export OUT CC CROSS_CC CLANG CLANG_FORMAT GUEST_CFLAGS FORMATTED

.PHONY: all guest test check fuzz demo box bench format install clean deps unit-tests \
	unit-tests-syntax qemu-tests static-tests report-tests image-tests FORCE
all: $(OUT)/kvalab
guest: $(OUT)/guest.elf
unit-tests: $(UNIT_TESTS) $(ASAN_TESTS)
qemu-tests: $(QEMU_TESTS)
static-tests: $(STATIC_PROGRAMS) $(OUT)/guest.elf
report-tests: $(OUT)/tests/report/write_trace
image-tests: $(OUT)/tests/images/write_jffs2
# Read for warnings; no code is made, which is what takes time.
unit-tests-syntax: $(TEST_SRCS:%.c=$(OUT)/syntax/%) $(QEMU_TEST_SRCS:%.c=$(OUT)/syntax/%) \
	$(QEMU_HELPERS:%.c=$(OUT)/syntax/%)

# --- packages: one message, before the first compilation fails with another ---------------------
$(OUT)/.deps-%: scripts/deps.sh
	$(Q)CC="$(CC)" scripts/deps.sh $*
	$(Q)mkdir -p $(@D) && touch $@

deps:
	$(Q)CC="$(CC)" scripts/deps.sh build test check demo box

# --- host --------------------------------------------------------------------------------------
$(OUT)/host/%.o: %.c Makefile | $(OUT)/.deps-build
	$(say) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) -c -o $@ $<

$(OUT)/host/%.o: %.S Makefile | $(OUT)/.deps-build
	$(say) AS $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -Wall -Werror -MMD -MP -c -o $@ $<

$(OUT)/libhost.a: $(HOST_OBJS)
	$(say) AR $@
	$(Q)rm -f $@ && ar qcs $@ $(HOST_OBJS)

$(OUT)/kvalab: $(OUT)/host/vmm/main.o $(OUT)/libhost.a $(IMAGE_OBJ)
	$(say) LINK $@
	$(Q)$(CC) $(STATIC) -o $@ $^ $(HOST_LIBS)
	$(Q)$@ list >/dev/null # the guest's tables can be read

# --- guest -------------------------------------------------------------------------------------
define compile_guest
$(say) GUEST $<
$(Q)mkdir -p $(@D)
$(Q)$(CC) $(GUEST_CFLAGS) -c -o $@ $<
endef

$(OUT)/guest/%.o: %.c Makefile | $(OUT)/.deps-build
	$(compile_guest)

$(OUT)/guest/%.o: %.S Makefile | $(OUT)/.deps-build
	$(compile_guest)

# Which arms there are: checked whenever something is made, and another file only when it has changed.
$(ARM_LIST): FORCE
	$(Q)scripts/arms.sh $(@D) $(ARMS)

# A table that has not become another makes nothing anew.
$(ARM_TABLES): $(ARM_LIST)
	@:
$(filter $(OUT)/guest/guest/scenario/%,$(GUEST_OBJS)): | $(ARM_TABLES)
$(ARM_OBJS): $(ARM_LIST) | $(ARM_TABLES)
$(OUT)/guest/arms/%.o: $(ARMS)/%.c Makefile | $(OUT)/.deps-build
	$(compile_guest)

$(OUT)/guest.elf: $(GUEST_OBJS) $(GUEST_LD) $(ARM_LIST) scripts/pageable_check.sh
	$(say) LD $@
	$(Q)$(LD) $(GUEST_LDFLAGS) -o $@ $(GUEST_OBJS) $(LIBFDT)
	$(Q)scripts/pageable_check.sh $@ >/dev/null

# The image keeps its symbols (panics are printed with them); debugging stays in guest.elf.
$(IMAGE_OBJ): $(OUT)/guest.elf
	$(say) EMBED $@
	$(Q)$(OBJCOPY) --strip-debug $< $(OUT)/guest_image
	$(Q)cd $(OUT) && $(LD) -r -b binary -z noexecstack -o $(@F).tmp guest_image
	$(Q)$(OBJCOPY) --set-section-alignment .data=16 \
		--rename-section .data=.rodata,alloc,load,readonly,data,contents \
		--redefine-sym _binary_guest_image_start=kvl_guest_image_start \
		--redefine-sym _binary_guest_image_end=kvl_guest_image_end \
		--strip-symbol _binary_guest_image_size $@.tmp $@
	$(Q)rm -f $@.tmp

# --- pages for a browser, with uPlot from npm ----------------------------------------------------
# Without npm or network there are no curves in them, and they say so. Each build tries again then.
UPLOT := $(OUT)/npm/node_modules/uplot
$(OUT)/npm/.tried: scripts/npm.sh vmm/page/package-lock.json $(if $(wildcard $(UPLOT)),,FORCE)
	$(say) NPM uplot
	$(Q)mkdir -p $(@D)
	$(Q)if scripts/npm.sh vmm/page $(@D); then touch $@; else \
		echo "Reports will have no curves (uPlot): make again when npm and the network are there." >&2; \
		[ -e $@ ] || touch $@; fi

define page_piece
$(say) PAGE $@
$(Q)mkdir -p $(@D)
$(Q)scripts/page.sh $* $(1) >$@
endef

$(OUT)/page/head $(OUT)/page/script: $(OUT)/page/%: $(PAGE_PARTS) $(OUT)/npm/.tried
	$(call page_piece,$(UPLOT))

$(OUT)/page/trace.body $(OUT)/page/trace.end: $(OUT)/page/trace.%: $(PAGE_PARTS)
	$(call page_piece,vmm/trace/report)

$(OUT)/page/compare.body $(OUT)/page/compare.end: $(OUT)/page/compare.%: $(PAGE_PARTS)
	$(call page_piece,vmm/cli/compare)

# Symbols as kvl_binary_trace_body_start: vmm/page/page.c.
$(PAGE_OBJ): $(addprefix $(OUT)/page/,head script trace.body trace.end compare.body compare.end)
	$(say) EMBED $@
	$(Q)cd $(@D) && $(LD) -r -b binary -z noexecstack -o page.o.tmp $(^F)
	$(Q)$(OBJCOPY) --rename-section .data=.rodata,alloc,load,readonly,data,contents \
		--wildcard --strip-symbol '*_size' --prefix-symbols kvl $@.tmp $@
	$(Q)rm -f $@.tmp

# --- unit tests: once as they are, once under the address and undefined-behaviour sanitizers ----
# An image that is not there yet (no linker script) is left out; tests that need none still link.
TEST_IMAGE := $(if $(wildcard $(GUEST_LD)),$(IMAGE_OBJ))

$(OUT)/libtest.a: $(TEST_HELPER_OBJS)
	$(Q)rm -f $@ && ar qcs $@ $(TEST_HELPER_OBJS)

$(OUT)/asan/libtest.a: $(ASAN_HELPER_OBJS)
	$(Q)rm -f $@ && ar qcs $@ $(ASAN_HELPER_OBJS)

$(OUT)/tests/unit/%: $(OUT)/host/tests/unit/%.o $(OUT)/libtest.a $(OUT)/libhost.a $(TEST_IMAGE) \
		| $(OUT)/.deps-test
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(CHECK_LIBS) $(HOST_LIBS)

$(OUT)/syntax/%: %.c Makefile | $(OUT)/.deps-build
	$(say) SYNTAX $<
	$(Q)$(CC) $(filter-out -MMD -MP,$(HOST_CFLAGS)) -fsyntax-only $<

$(OUT)/asan/%.o: %.c Makefile | $(OUT)/.deps-build
	$(say) ASAN $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(HOST_CFLAGS) $(SANITIZE) -c -o $@ $<

$(OUT)/asan/libhost.a: $(ASAN_OBJS)
	$(say) AR $@
	$(Q)rm -f $@ && ar qcs $@ $(ASAN_OBJS)

$(OUT)/asan/tests/unit/%: $(OUT)/asan/tests/unit/%.o $(OUT)/asan/libtest.a $(OUT)/asan/libhost.a \
		$(TEST_IMAGE) | $(OUT)/.deps-test
	$(say) LINK $@
	$(Q)$(CC) $(SANITIZE) -o $@ $^ $(CHECK_LIBS) $(HOST_LIBS)

# --- proofs about the guest image ----------------------------------------------------------------
$(OUT)/tests/static/%: $(OUT)/host/tests/static/%.o $(OUT)/libtest.a | $(OUT)/.deps-build
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ -lcapstone

# --- the flash model against QEMU's: a program for each of QEMU's devices -------------------------
$(OUT)/libqemutest.a: $(QEMU_HELPER_OBJS)
	$(Q)rm -f $@ && ar qcs $@ $(QEMU_HELPER_OBJS)

$(OUT)/tests/qemu/%: $(OUT)/host/tests/qemu/%.o $(OUT)/libqemutest.a $(OUT)/libtest.a \
		$(OUT)/libhost.a $(TEST_IMAGE) | $(OUT)/.deps-test
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(CHECK_LIBS) $(HOST_LIBS)

$(OUT)/tests/report/%: $(OUT)/host/tests/report/%.o $(OUT)/libhost.a $(IMAGE_OBJ)
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(HOST_LIBS)

# --- fuzzing: always clang; the models are traced, what watches them is not ----------------------
define compile_traced
$(say) FUZZ $<
$(Q)mkdir -p $(@D)
$(Q)$(CLANG) $(FUZZ_CFLAGS) $(FUZZ_TRACED) -c -o $@ $<
endef

$(OUT)/fuzz/devices/%.o: devices/%.c Makefile | $(OUT)/.deps-fuzz
	$(compile_traced)

$(OUT)/fuzz/guest/%.o: guest/%.c Makefile | $(OUT)/.deps-fuzz
	$(compile_traced)

$(OUT)/fuzz/tests/%.o: tests/%.c Makefile | $(OUT)/.deps-fuzz
	$(say) FUZZ $<
	$(Q)mkdir -p $(@D)
	$(Q)$(CLANG) $(FUZZ_CFLAGS) -c -o $@ $<

$(OUT)/fuzz/fuzz_flash: $(FUZZ_FLASH:%.c=$(OUT)/fuzz/%.o)
	$(say) LINK $@
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -Wl,--wrap=malloc,--wrap=calloc -o $@ $^

$(OUT)/fuzz/fuzz_virtio: $(FUZZ_VIRTIO:%.c=$(OUT)/fuzz/%.o)
$(OUT)/fuzz/fuzz_layout: $(FUZZ_LAYOUT:%.c=$(OUT)/fuzz/%.o)
$(OUT)/fuzz/fuzz_virtio $(OUT)/fuzz/fuzz_layout:
	$(say) LINK $@
	$(Q)$(CLANG) $(SANITIZE) -fsanitize=fuzzer -o $@ $^

# What is found is kept, and the next run begins with it.
FUZZ ?= flash
FUZZ_SECONDS ?= $(if $(FUZZ_RUNS),0,3600)
fuzz: $(OUT)/fuzz/fuzz_$(FUZZ)
	$(Q)FUZZ_SECONDS=$(FUZZ_SECONDS) FUZZ_RUNS=$(FUZZ_RUNS) FUZZ_CORPUS=$(OUT)/fuzz/corpus/$(FUZZ) \
		tests/fuzz/$(FUZZ).sh

# --- images of JFFS2 that mkfs.jffs2 cannot make -------------------------------------------------
$(OUT)/tests/images/%: $(OUT)/host/tests/images/%.o | $(OUT)/.deps-test
	$(say) LINK $@
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -o $@ $^ $(CHECK_LIBS) -lpthread

# --- checks ------------------------------------------------------------------------------------
STATIC_CHECKS := tests/static/lint.sh tests/static/headers.sh tests/static/page_rule.sh $(STATIC_PROGRAMS)
# Where the guest tests run; compare.sh and history.sh are about all of these hosts at once.
HOSTS ?= kvm amd-npt amd-shadow qemu
export KVALAB_HOSTS = $(HOSTS)
ON_ALL := $(wildcard tests/guest/compare.sh tests/guest/history.sh)
ON_EACH := $(filter-out $(ON_ALL),$(wildcard tests/guest/*.sh))
GUEST_CHECKS = $(foreach host,$(HOSTS),$(addsuffix @$(host),$(ON_EACH))) $(ON_ALL)
# The longest first, and the unit tests last, of which few take a second: so no core is idle at the end.
LONG := tests/mutants/run.sh tests/mutants/units.sh tests/cli/flash_chips.sh tests/cli/seed_w.sh \
	tests/cli/flash_sweep.sh tests/static/clang.sh tests/fuzz/flash.sh tests/fuzz/virtio.sh \
	tests/fuzz/layout.sh tests/fuzz/pfn.sh
CHECKS = $(LONG) $(GUEST_CHECKS) $(filter-out $(LONG),$(wildcard tests/cli/*.sh)) $(STATIC_CHECKS) \
	tests/static/format.sh tests/static/arm64.sh tests/static/fault_path.sh tests/static/pageable.sh

# stdout is the runner's: TAP. What is built first takes all cores, unless -j said how many.
BUILD = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

test:
	$(Q)$(BUILD) unit-tests static-tests >&2
	$(Q)tests/run.sh $(UNIT_TESTS) $(ASAN_TESTS) $(STATIC_CHECKS)

check:
	$(Q)CC="$(CC)" scripts/deps.sh --install build test check demo box >&2
	$(Q)$(BUILD) all unit-tests qemu-tests static-tests report-tests \
		image-tests >&2
	$(Q)tests/run.sh $(CHECKS) $(QEMU_TESTS) $(UNIT_TESTS) $(ASAN_TESTS)

demo:
	$(Q)CC="$(CC)" scripts/deps.sh --install build demo
	$(Q)$(MAKE) --no-print-directory all
	$(Q)scripts/demo.sh

# The kernel needs the network once; what is made lies in $(OUT)/box.
box:
	$(Q)scripts/kvmbox -- true

$(OUT)/bench_%: $(OUT)/host/tests/bench_%.o $(OUT)/libhost.a
	$(say) LINK $@
	$(Q)$(CC) -o $@ $^ $(HOST_LIBS)

bench: all $(OUT)/bench_trace $(OUT)/bench_flash
	$(Q)scripts/bench.sh

format: | $(OUT)/.deps-check
	$(Q)$(CLANG_FORMAT) -i $(FORMATTED)

# --- the rest ----------------------------------------------------------------------------------
install: all
	install -D -m 755 $(OUT)/kvalab $(DESTDIR)$(PREFIX)/bin/kvalab
	install -D -m 755 scripts/kvmbox $(DESTDIR)$(PREFIX)/bin/kvmbox
	install -D -m 755 -t $(DESTDIR)$(PREFIX)/share/kvalab scripts/deps.sh
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/kvalab/box scripts/box/*
	install -D -m 644 -t $(DESTDIR)$(PREFIX)/share/doc/kvalab/docs docs/*.md docs/*.png
	install -D -m 644 README.md $(DESTDIR)$(PREFIX)/share/doc/kvalab/README.md
	install -D -m 644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/kvalab/LICENSE

clean:
	rm -rf $(OUT)

.SECONDARY:
-include $(patsubst %.o,%.d,$(HOST_OBJS) $(OUT)/host/vmm/main.o $(GUEST_OBJS) $(ASAN_OBJS) \
	$(TEST_HELPER_OBJS) $(ASAN_HELPER_OBJS) $(FUZZ_OBJS) $(TEST_SRCS:%.c=$(OUT)/host/%.o) \
	$(QEMU_HELPER_OBJS) $(QEMU_TEST_SRCS:%.c=$(OUT)/host/%.o) $(STATIC_SRCS:%.c=$(OUT)/host/%.o) \
	$(TEST_SRCS:%.c=$(OUT)/asan/%.o) $(OUT)/host/tests/report/write_trace.o \
	$(OUT)/host/tests/images/write_jffs2.o)
