# Daily work on ngx_game; `./run` installs what this needs.
#
#   make module     build/ngx_game_module.so, for the nginx of nginx-dev
#   make static     an nginx binary with the module inside: needs NGX_SRC
#   make test       lint, unit, and the Test::Nginx suite (T=t/010-config.t)
#   make unit       the C tests of src/core, under ASAN and UBSAN
#   make fuzz       the libFuzzer drivers, FUZZ_SECONDS each (0: corpora only)
#   make asan       build-asan/ngx_game_module.so
#   make test-asan  the Test::Nginx suite with that one
#   make lint       what a machine can judge of the style
#   make bench-tools  the benchmark's build/bench/load and build/bench/floor
#   make clean
#
#   BUILD=dir  CC=clang  CFLAGS=..  NGX_SRC=an nginx source tree
#   NGX_CONF=arguments for its configure (not with nginx-dev, that has its own)

CC           = cc
CFLAGS       = -g -O2
LDFLAGS      = -Wl,-z,relro -Wl,-z,now
BUILD        = build
NGX_SRC      = /usr/share/nginx/src
NGX_CONF     = --with-compat --with-threads --with-http_ssl_module \
               --with-http_v2_module --with-http_realip_module \
               --with-http_auth_request_module
FUZZ_SECONDS = 10
FUZZ_CC      = clang
T            = $(sort $(wildcard t/*.t))

SANITIZE     = -fsanitize=address,undefined -fno-omit-frame-pointer

ifneq ($(words $(CURDIR)),1)
    $(error nginx cannot be built in a path with spaces: $(CURDIR))
endif

OUT         := $(abspath $(BUILD))
OBJS        := $(OUT)/objs
MODULE      := $(OUT)/ngx_game_module.so
SOURCES     := ngx_game_module.c $(sort $(wildcard src/*.c src/core/*.c))
HEADERS     := $(sort $(wildcard src/*.h src/core/*.h))
CORE        := $(sort $(wildcard src/core/*.c))
CORE_HEADERS := $(sort $(wildcard src/core/*.h))

# nginx-dev tells how the packaged nginx was configured, in a bash array
CONFIGURE    = if [ -f conf_flags ]; then \
                   exec bash -c '. ./conf_flags; \
                        exec ./configure "$${NGX_CONF_FLAGS[@]}" "$$@"' -- "$$@"; \
               elif [ -f configure ]; then \
                   exec ./configure $(NGX_CONF) "$$@"; \
               else \
                   exec auto/configure $(NGX_CONF) "$$@"; \
               fi

CC_OPT       = $(CFLAGS) -std=gnu11 -fPIC
LD_OPT       = $(LDFLAGS) -fPIC


.PHONY: all module static unit fuzz lint test test-asan asan bench-tools clean \
        force

all: module


# The configured tree depends on everything that configure was told: another
# compiler or a new file means to configure again.
CONFIG_KEY   = $(CURDIR) $(CC) $(CC_OPT) $(LD_OPT) $(NGX_SRC) $(NGX_CONF) $(SOURCES) $(HEADERS)

$(OBJS)/.key: force
	@mkdir -p $(OBJS)
	@echo '$(CONFIG_KEY)' >$@.new
	@cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(OBJS)/Makefile: $(OBJS)/.key config
	@test -d $(NGX_SRC) || { echo "make: no nginx source in $(NGX_SRC):" \
	    "install nginx-dev or set NGX_SRC" >&2; exit 1; }
	@rm -rf $(OBJS)/addon
	@cd $(NGX_SRC) \
	&& set -- --with-cc='$(CC)' --with-cc-opt='$(CC_OPT)' \
	          --with-ld-opt='$(LD_OPT)' --builddir=$(OBJS) \
	          --add-dynamic-module=$(CURDIR) \
	&& ( $(CONFIGURE) ) >$(OUT)/configure.log 2>&1 \
	|| { tail -8 $(OUT)/configure.log >&2; rm -f $@; exit 1; }
	@touch $@

# nginx resolves all symbols at once, so that a missing one of ours is an error
# here.  A running nginx has the old file mapped: it is replaced by a rename.
module: $(OBJS)/Makefile
	@$(MAKE) -s --no-print-directory -C $(NGX_SRC) -f $(OBJS)/Makefile modules
	@! nm -D --undefined-only $(OBJS)/ngx_game_module.so \
	   | grep -E ' (ngx_game|game)_' >&2 || { echo "make: these are missing"; \
	   exit 1; } >&2
	@cmp -s $(OBJS)/ngx_game_module.so $(MODULE) \
	|| { cp $(OBJS)/ngx_game_module.so $(MODULE).new \
	     && mv $(MODULE).new $(MODULE) && echo "built $(BUILD)/ngx_game_module.so"; }

# An empty string of nginx is { 0, NULL } and goes to memcpy() as that, in
# nginx's own macros too; src/core is held to the letter by make unit.
asan:
	@$(MAKE) --no-print-directory module BUILD=$(BUILD)-asan \
	    CFLAGS='-g -O1 $(SANITIZE) -fno-sanitize=nonnull-attribute' \
	    LDFLAGS='-Wl,-z,relro $(SANITIZE)'

static:
	@test -f $(NGX_SRC)/src/core/nginx.c || { echo "make: set NGX_SRC to" \
	    "a full nginx source tree: nginx-dev has headers only" >&2; exit 1; }
	@mkdir -p $(OUT)
	@cd $(NGX_SRC) \
	&& set -- --with-cc='$(CC)' --with-cc-opt='$(CC_OPT)' \
	          --with-ld-opt='$(LD_OPT)' --builddir=$(OUT)/static \
	          --add-module=$(CURDIR) \
	&& ( $(CONFIGURE) ) >$(OUT)/configure.log 2>&1 \
	|| { tail -8 $(OUT)/configure.log >&2; exit 1; }
	@$(MAKE) -s --no-print-directory -C $(NGX_SRC) -f $(OUT)/static/Makefile binary
	@echo "built $(BUILD)/static/nginx"


# C tests: each is a program that prints TAP.
UNIT        := $(patsubst t/unit/%.c,$(OUT)/unit/%,$(sort $(wildcard t/unit/*.c)))
UNIT_OBJS   := $(patsubst src/core/%.c,$(OUT)/unit/core/%.o,$(CORE))
UNIT_CFLAGS  = -std=gnu11 -g -O1 -W -Wall -Wextra -Werror $(SANITIZE) \
               -fno-sanitize-recover=all -Isrc/core -It/unit

$(OUT)/unit/core/%.o: src/core/%.c $(CORE_HEADERS) Makefile
	@mkdir -p $(@D)
	$(CC) $(UNIT_CFLAGS) -c -o $@ $<

$(OUT)/unit/%: t/unit/%.c $(UNIT_OBJS) $(wildcard t/unit/*.h)
	$(CC) $(UNIT_CFLAGS) -o $@ $< $(UNIT_OBJS) -lz -lpthread -lm

unit: $(UNIT)
	@prove --timer --exec '' $(UNIT)


FUZZ        := $(patsubst t/fuzz/%.c,$(OUT)/fuzz/%,$(sort $(wildcard t/fuzz/*.c)))
FUZZ_CFLAGS  = -std=gnu11 -g -O1 -W -Wall -Wextra -Werror \
               -fsanitize=fuzzer,address,undefined \
               -fno-sanitize-recover=all -Isrc/core

$(OUT)/fuzz/%: t/fuzz/%.c $(CORE) $(CORE_HEADERS) Makefile
	@mkdir -p $(@D)
	$(FUZZ_CC) $(FUZZ_CFLAGS) -o $@ $< $(CORE) -lz

# What a run finds goes to $(BUILD)/fuzz/found, first in the list of corpora.
fuzz: $(FUZZ)
	@for f in $(FUZZ); do \
	    name=$$(basename $$f); \
	    found=$(OUT)/fuzz/found/$$name; \
	    corpus=t/fuzz/corpus/$$name; \
	    [ $(FUZZ_SECONDS) = 0 ] && how=-runs=0 \
	                            || how=-max_total_time=$(FUZZ_SECONDS); \
	    [ -d $$corpus ] || corpus=; \
	    mkdir -p $$found; \
	    if $$f $$how -timeout=10 -rss_limit_mb=1024 -print_final_stats=0 \
	        -artifact_prefix=$(OUT)/fuzz/$$name- $$found $$corpus \
	        >$$f.log 2>&1; \
	    then \
	        echo "$$name ok: $$(grep -E 'DONE|INITED' $$f.log | tail -1)"; \
	    else \
	        cat $$f.log; echo "$$name FAILED"; exit 1; \
	    fi; \
	done


# The benchmark's load generator and its floor, a server in plain C.
BENCH_CFLAGS = -std=gnu11 -g -O2 -W -Wall -Wextra -Werror

$(OUT)/bench/load: $(wildcard bench/load/*.[ch]) Makefile
$(OUT)/bench/floor: $(wildcard bench/floor/*.[ch]) Makefile

$(OUT)/bench/load $(OUT)/bench/floor:
	@mkdir -p $(@D)
	$(CC) $(BENCH_CFLAGS) -o $@ $(filter %.c,$^) -lm

bench-tools: $(OUT)/bench/load $(OUT)/bench/floor


test: lint unit module
	@t/prove $(MODULE) $(T)

test-asan: asan
	@t/prove $(OUT)-asan/ngx_game_module.so $(T)

lint:
	@CC='$(CC)' NGX_SRC='$(NGX_SRC)' t/lint

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-clang
