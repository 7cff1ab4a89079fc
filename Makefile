# SPDX-License-Identifier: Apache-2.0
#
# make demo    installs what is missing, builds, and patches the tree of a captured machine
# make test    the same, then all tests
# make install the program, libdtfix, its header; PREFIX=/usr/local, LIBDIR, MULTIARCH and DESTDIR say where
# Each target says what it does and installs what it lacks.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

SWIFT ?= swift
RELEASE := .build-release/release/dtfix
MACHINE := dts/machines/arm64-virt-6.12-kf
ORACLE := $(MACHINE)/oracle/normal-kernel.seen.dtb

# libdtfix: made here, under this version; its first number is DTFIX_ABI_VERSION of dtfix.h.
LIBRARY := .build-release/lib
LIBRARY_VERSION := 1.0.0

# Where make install puts things. Debian keeps libraries in $(PREFIX)/lib/$(MULTIARCH), and gcc -print-multiarch
# says which that is.
PREFIX ?= /usr/local
MULTIARCH ?=
BINDIR ?= $(PREFIX)/bin
INCLUDEDIR ?= $(PREFIX)/include
LIBDIR ?= $(PREFIX)/lib$(addprefix /,$(MULTIARCH))
DATADIR ?= $(PREFIX)/share

# The programs that a target needs, as PROGRAM:PACKAGE; a path stands for itself.
BUILD_NEEDS := /usr/include/libfdt.h:libfdt-dev /usr/include/zlib.h:zlib1g-dev \
  /usr/include/zstd.h:libzstd-dev /usr/include/lzma.h:liblzma-dev \
  /usr/include/lz4frame.h:liblz4-dev cc:gcc ld:binutils git:git
COMPRESSORS := gzip:gzip zstd:zstd xz:xz-utils lz4:lz4 lzop:lzop
TEST_NEEDS := $(BUILD_NEEDS) dtc:device-tree-compiler $(COMPRESSORS) tar:tar \
  python3:python3 script:bsdutils setpriv:util-linux readelf:binutils strace:strace \
  /usr/lib/python3/dist-packages/drgn/__init__.py:python3-drgn
INTERFACE_NEEDS := $(BUILD_NEEDS) g++:g++ clang:clang clang++:clang valgrind:valgrind pkg-config:pkg-config \
  python3:python3 dtc:device-tree-compiler $(COMPRESSORS) tar:tar
BENCH_NEEDS := $(BUILD_NEEDS) fdtput:device-tree-compiler hyperfine:hyperfine python3:python3 \
  $(COMPRESSORS)
FUZZ_NEEDS := $(BUILD_NEEDS) ld.lld:lld dtc:device-tree-compiler $(COMPRESSORS) tar:tar python3:python3
# A QEMU, a compiler for what boots in it, apt to fetch that; for arm64 namespaces to compile Swift in.
E2E_NEEDS := $(BUILD_NEEDS) cpio:cpio dpkg:dpkg gzip:gzip tar:tar fdtget:device-tree-compiler \
  readelf:binutils
E2E_NEEDS_arm64 := qemu-system-aarch64:qemu-system-arm unshare:util-linux chroot:coreutils \
  aarch64-linux-gnu-gcc:gcc-aarch64-linux-gnu qemu-system-x86_64:qemu-system-x86 python3:python3 \
  /usr/aarch64-linux-gnu/lib/libc.a:libc6-dev-arm64-cross
E2E_NEEDS_riscv64 := qemu-system-riscv64:qemu-system-misc \
  riscv64-linux-gnu-gcc:gcc-riscv64-linux-gnu \
  /usr/riscv64-linux-gnu/lib/libc.a:libc6-dev-riscv64-cross
E2E_NEEDS_ppc64le := qemu-system-ppc64:qemu-system-ppc \
  powerpc64le-linux-gnu-gcc:gcc-powerpc64le-linux-gnu \
  /usr/powerpc64le-linux-gnu/lib/libc.a:libc6-dev-ppc64el-cross

# The modules that others may import: each has a page of documentation.
LIBRARIES := $(notdir $(basename $(wildcard Sources/*/*.docc)))

# The shell function apt: installs packages, by sudo when not root (which forgets our environment).
apt = apt() { \
    echo "== installing $$*"; \
    local sudo; sudo=$$([ "$$(id -u)" = 0 ] || echo sudo); \
    $$sudo apt-get update -qq && \
    $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$$@" >/dev/null; \
  }

# $(call install,NEEDS): apt-get for what is not there.
install = @$(apt); needs=(); for need in $(1); do \
    command -v "$${need%%:*}" >/dev/null || [ -e "$${need%%:*}" ] || needs+=("$${need\#*:}"); \
  done; \
  if [ $${\#needs[@]} -gt 0 ]; then apt "$${needs[@]}"; fi

.PHONY: help toolchain build release library install uninstall demo test interface lint kernels e2e bench fuzz docs clean

help:
	@sed -n 's/^# \(make.*\)/\1/p' Makefile
	@echo 'make build, release, library, uninstall, interface, lint, kernels, e2e, bench, fuzz, docs, clean'

toolchain:
	@$(apt); \
	version() { { $(SWIFT) --version 2>/dev/null || true; } | \
	  sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p'; }; \
	found=$$(version); \
	if [ -z "$$found" ] && command -v apt-get >/dev/null; then \
	  apt swiftlang || echo "dtfix: apt-get cannot install swiftlang; what it said is above" >&2; \
	  found=$$(version); \
	fi; \
	if ! printf '6.2\n%s\n' "$${found:-0}" | sort -VC; then \
	  echo "dtfix needs Swift 6.2 or newer; found: $${found:-none}. See https://www.swift.org/install/linux" >&2; \
	  exit 1; \
	fi

# Each module is compiled at once, which takes two thirds of the time that its files take one by one. The second
# variable takes out what the compiler remarks on that.
DEBUG_BUILD = $(SWIFT) build -Xswiftc -wmo -Xswiftc -num-threads -Xswiftc 2 -Xswiftc -no-emit-module-separately-wmo
DEBUG_FILTER = 2>&1 | { grep -v "Incremental compilation has been\|ignoring '-enable-batch-mode'" || true; }

build: toolchain
	$(call install,$(BUILD_NEEDS))
	@echo "== building dtfix"
	@$(DEBUG_BUILD) $(DEBUG_FILTER)

# liblz4.a of Debian 13 and later wants another library.
STATIC_NEEDS := $(if $(wildcard /usr/lib/*/libxxhash.a),-Xlinker -lxxhash)

# The program and the library are compiled alike, so that they share what they are made of.
RELEASE_BUILD = $(SWIFT) build -c release -Xswiftc -static-executable -Xlinker -s $(STATIC_NEEDS) \
  --scratch-path .build-release

# One static file, without symbols.
release: toolchain
	$(call install,$(BUILD_NEEDS))
	@echo "== building the static release program"
	@$(RELEASE_BUILD) --product dtfix 2>&1 | \
	  { grep -v 'statically linked applications\|_ThreadLocal\|mktemp' || true; }
	@ls -l $(RELEASE)

# libdtfix, shared and static, with Swift's runtime in it.
library: toolchain
	$(call install,$(BUILD_NEEDS))
	@echo "== building libdtfix"
	@rm -f .build-release/release/libDTFixABI.a # SwiftPM adds to it, and leaves in it what is gone.
	@$(RELEASE_BUILD) --product DTFixABI
	@SWIFTC="$(SWIFT)c" Sources/CDTFix/link .build-release/release/libDTFixABI.a $(LIBRARY) $(LIBRARY_VERSION)
	@ls -l $(LIBRARY)/libdtfix.a $(LIBRARY)/libdtfix.so.$(LIBRARY_VERSION)

# What was built before is installed as it is, so that root need not build.
install:
	@[ -e $(RELEASE) ] || $(MAKE) release
	@[ -e $(LIBRARY)/libdtfix.so ] || $(MAKE) library
	@echo "== installing to $(DESTDIR)$(PREFIX)"
	@install -D $(RELEASE) "$(DESTDIR)$(BINDIR)/dtfix"
	@install -D -m 644 Sources/CDTFix/include/dtfix.h "$(DESTDIR)$(INCLUDEDIR)/dtfix.h"
	@install -d "$(DESTDIR)$(LIBDIR)/pkgconfig"
	@install -m 644 $(LIBRARY)/libdtfix.a $(LIBRARY)/libdtfix.so.$(LIBRARY_VERSION) "$(DESTDIR)$(LIBDIR)/"
	@cp -P $(LIBRARY)/libdtfix.so $(LIBRARY)/libdtfix.so.1 "$(DESTDIR)$(LIBDIR)/"
	@sed -e 's|@PREFIX@|$(PREFIX)|' -e 's|@LIBDIR@|$(LIBDIR:$(PREFIX)/%=$${prefix}/%)|' \
	  -e 's|@INCLUDEDIR@|$(INCLUDEDIR:$(PREFIX)/%=$${prefix}/%)|' -e 's|@VERSION@|$(LIBRARY_VERSION)|' \
	  Sources/CDTFix/dtfix.pc.in >"$(DESTDIR)$(LIBDIR)/pkgconfig/dtfix.pc"
	@install -d $(foreach folder,$(dir $(COMPLETIONS)),"$(DESTDIR)$(DATADIR)/$(folder)")
	@$(foreach file,$(COMPLETIONS),$(RELEASE) --generate-completion-script $(call shell_of,$(file)) \
	  >"$(DESTDIR)$(DATADIR)/$(file)";)
	@[ -n "$(DESTDIR)" ] || [ "$$(id -u)" != 0 ] || ldconfig

# Where bash, zsh and fish look for what completes commands.
COMPLETIONS := bash-completion/completions/dtfix zsh/site-functions/_dtfix fish/vendor_completions.d/dtfix.fish
shell_of = $(firstword $(subst -, ,$(subst /, ,$(1))))

uninstall:
	@echo "== removing from $(DESTDIR)$(PREFIX)"
	@rm -f "$(DESTDIR)$(BINDIR)/dtfix" "$(DESTDIR)$(INCLUDEDIR)/dtfix.h" \
	  $(foreach file,a so so.1 so.$(LIBRARY_VERSION),"$(DESTDIR)$(LIBDIR)/libdtfix.$(file)") \
	  "$(DESTDIR)$(LIBDIR)/pkgconfig/dtfix.pc" $(foreach file,$(COMPLETIONS),"$(DESTDIR)$(DATADIR)/$(file)")

# The main job on a captured machine: its tree, patched for the next kernel, compared with what a
# real kernel's kexec_file_load made of the same machine.
demo: build
	$(call install,dtc:device-tree-compiler)
	@echo "== the tree of $(MACHINE) for its next kernel, and why"
	.build/debug/dtfix --for-kexec --root $(MACHINE) \
	  --command-line 'console=ttyAMA0 loglevel=5 panic=10 lab.stage=second crashkernel=192M' \
	  --initrd-at 0x410a0000+0x1f9bb8 --explain -o .build/next.dtb
	@echo "== /chosen of the new tree, as dtfix shows it"
	@.build/debug/dtfix show .build/next.dtb | sed -n '/memreserve/p; /chosen {/,/};/p'
	@echo "== against the tree that Linux 6.12's kexec_file_load made of the same machine"
	.build/debug/dtfix diff --ignore-seeds .build/next.dtb $(ORACLE) && echo 'no difference'
	@echo "== the same, compared by dtc (seeds left out)"
	@diff <(dtc -q -s -I dtb -O dts .build/next.dtb | grep -v -e -seed) \
	  <(dtc -q -s -I dtb -O dts $(ORACLE) | grep -v -e -seed) && echo 'no difference'
	@echo "== the memory of $(MACHINE)"
	@.build/debug/dtfix map --root $(MACHINE)

# The tests of the program run the release build, which is what users have, and ten times as fast.
test: demo release
	$(call install,$(TEST_NEEDS))
	@echo "== building the tests"
	@$(DEBUG_BUILD) --build-tests $(DEBUG_FILTER)
	@echo "== running all tests"
	@DTFIX=$(CURDIR)/$(RELEASE) $(SWIFT) test --disable-xctest --skip-build
	@$(MAKE) interface

# libdtfix as programs in C and Python have it, and a second one that ThreadSanitizer watches.
interface: release library
	$(call install,$(INTERFACE_NEEDS))
	@echo "== building libdtfix for ThreadSanitizer"
	@rm -f .build-threads/debug/libDTFixABI.a
	@$(DEBUG_BUILD) --disable-index-store --sanitize=thread -Xswiftc -static-stdlib -Xswiftc -gnone --scratch-path .build-threads \
	  --product DTFixABI $(DEBUG_FILTER)
	@echo "== testing the C interface"
	@SWIFTC="$(SWIFT)c" Tests/CInterface/run

lint: toolchain
	$(call install,python3:python3)
	@echo "== checking the format of the sources"
	@$(SWIFT) format lint --strict --parallel --recursive Package.swift Sources Tests Examples
	@echo "== checking the direction of the layers"
	@Tests/Lint/layers
	@echo "== looking for licence lines"
	@missing=$$(find Makefile Package.swift .ci Sources Tests Examples dts -name '.build*' -prune -o \
	  -type f \( -name '*.swift' -o -name '*.[ch]' -o -name '*.modulemap' -o -name '*.dts' -o \
	  -name Makefile -o -name run -o -name link -o -name '*.py' \) ! -exec grep -q 'SPDX-License-Identifier: Apache-2.0' {} \; -print); \
	if [ -n "$$missing" ]; then echo "no SPDX line: $$missing" >&2; exit 1; fi

# Debian's kernels, fetched into a cache, compared with what other programs find in them; and what dtfix
# cites of Linux, looked up in their sources.
kernels: build
	$(call install,dpkg-deb:dpkg file:file readelf:binutils zstd:zstd xz:xz-utils python3:python3)
	@echo "== opening Debian's kernels"
	@Tests/Kernels/run

# The architectures whose kernels are booted; make e2e ARCH=riscv64 is for one of them.
E2E_ARCHS := arm64 riscv64 ppc64le
ARCH ?= $(E2E_ARCHS)

# Debian's kernels, booted in QEMU from plans of dtfix.
e2e: build
	@for arch in $(ARCH); do [ -e "Tests/EndToEnd/arch/$$arch" ] || { \
	  echo "make e2e knows $(E2E_ARCHS), and no $$arch" >&2; exit 1; }; done
	$(call install,$(E2E_NEEDS) $(foreach arch,$(ARCH),$(E2E_NEEDS_$(arch))))
	@failed=; for arch in $(ARCH); do \
	  echo "== making ready what boots on $$arch"; \
	  SWIFT="$(SWIFT)" Tests/EndToEnd/cache $$arch; \
	  echo "== booting kernels of $$arch from plans"; \
	  Tests/EndToEnd/run $$arch || failed="$$failed $$arch"; \
	done; \
	$(if $(filter arm64,$(ARCH)),echo "== handing measurements on"; \
	Tests/EndToEnd/measurements || failed="$$failed measurements";) \
	[ -z "$$failed" ] || { echo "failed:$$failed" >&2; exit 1; }

bench: release
	$(call install,$(BENCH_NEEDS))
	@Tests/Benchmarks/run

fuzz: toolchain
	$(call install,$(FUZZ_NEEDS))
	@Tests/Fuzz/run

# docc is a part of the toolchain, on the PATH or beside swift. Swift 6.3 writes the graphs of all modules and then
# fails for the module of the test runner, which is built for tests alone.
docs: toolchain
	$(call install,$(BUILD_NEEDS))
	@docc=$$(command -v docc || command -v \
	  "$$(dirname "$$(readlink -f "$$(command -v $(firstword $(SWIFT)))")")/docc") || { \
	  echo "make docs needs docc, a part of Swift's toolchain that is not here: see https://www.swift.org/install/linux" >&2; \
	  exit 1; \
	}; \
	echo "== building the documentation"; \
	log=$$($(SWIFT) package dump-symbol-graph 2>&1) || grep -q "'dtfixPackageDiscoveredTests'" <<<"$$log" || \
	  { echo "$$log" >&2; exit 1; }; \
	for module in $(LIBRARIES); do \
	  graphs=.build/docs/graphs/$$module; rm -rf $$graphs .build/docs/$$module; mkdir -p $$graphs; \
	  find .build/*/symbolgraph/ \( -name "$$module.symbols.json" -o -name "$$module@*.symbols.json" \) \
	    -exec cp {} $$graphs/ \;; \
	  "$$docc" convert Sources/$$module/$$module.docc --fallback-display-name $$module \
	    --fallback-bundle-identifier dtfix.$$module --warnings-as-errors \
	    --additional-symbol-graph-dir $$graphs --output-path .build/docs/$$module; \
	  echo ".build/docs/$$module"; \
	done

clean:
	rm -rf .build .build-release .build-threads
