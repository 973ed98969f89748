/* test_registrar_world.h - a registrar, a journal in memory, a clock and REGISTERs to feed it. */
#ifndef DT_TEST_REGISTRAR_WORLD_H
#define DT_TEST_REGISTRAR_WORLD_H

#include "base/attr.h"
#include "registrar/registrar.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define S INT64_C(1000000)
#define LOG_SIZE (8 << 20)
#define ONE "Contact: <sip:alice@10.0.0.7:5060>\r\n"
#define TWO "Contact: <sip:alice@10.0.0.8:5060>\r\n"

struct log { /* kind, size, bytes; one after another */
    char *data;
    size_t size;
    int count;
};

struct world {
    struct registrar_settings settings;
    struct registrar *registrar;
    struct log log;
    struct reg_now now;
    struct reg_flow flow;
    struct reg_answer answer;
    char lines[16384];
    uint64_t random;
    bool was_repeat; /* what registrar_is_repeat said of the last REGISTER, before it was taken */
    int gone_count;
    char gone_user[256];
};

static inline uint64_t log_append(void *ctx, enum journal_kind kind, struct slice record)
{
    struct log *log = ctx;
    uint32_t head[2] = {(uint32_t)kind, (uint32_t)record.size};
    assert_true(log->size + sizeof(head) + record.size <= LOG_SIZE);
    memcpy(log->data + log->size, head, sizeof(head));
    memcpy(log->data + log->size + sizeof(head), record.data, record.size);
    log->size += sizeof(head) + record.size;
    log->count++;
    return 0;
}

static inline void world_init(struct world *world)
{
    memset(world, 0, sizeof(*world));
    world->settings = (struct registrar_settings){.aor_count_max = 1000,
                                                  .memory_max = 1 << 20,
                                                  .contacts_max = 3,
                                                  .expires_min_s = 60,
                                                  .expires_max_s = 3600,
                                                  .expires_default_s = 1800,
                                                  .jitter_percent = 0,
                                                  .hash_seed = 42};
    world->log.data = malloc(LOG_SIZE);
    world->now = (struct reg_now){.mono_us = 5000 * S, .wall_us = INT64_C(1700000000) * S};
    world->flow =
        (struct reg_flow){.address = {[10] = 255, [11] = 255, [12] = 10, [15] = 7}, .port = 5060};
    world->registrar = registrar_new(&world->settings, (struct journal){&world->log, log_append});
    assert_non_null(world->registrar);
    registrar_set_loaded(world->registrar);
}

static inline void world_done(struct world *world)
{
    registrar_free(world->registrar);
    free(world->log.data);
}

static inline void pass(struct world *world, int64_t seconds)
{
    world->now.mono_us += seconds * S;
    world->now.wall_us += seconds * S;
}

static inline void world_gone(void *ctx, struct slice user, uint64_t account_id)
{
    struct world *world = ctx;
    (void)account_id;
    world->gone_count++;
    snprintf(world->gone_user, sizeof(world->gone_user), SLICE_FMT, SLICE_ARG(user));
}

static inline int64_t sweep(struct world *world)
{
    return registrar_expire(world->registrar, world->now, 1000000, world_gone, world);
}

/* headers: whole lines. The branch is made from call_id, cseq and `try`. */
static inline enum reg_result ask_try(struct world *world, const char *user, const char *call_id,
                                      unsigned cseq, int try, const char *headers)
{
    static char text[32768];
    static struct sip_msg msg;
    int size = snprintf(text, sizeof(text),
                        "REGISTER sip:example.com SIP/2.0\r\n"
                        "Via: SIP/2.0/UDP 10.0.0.7:5060;branch=z9hG4bK%s%u%d\r\n"
                        "From: <sip:%s@example.com>;tag=1\r\n"
                        "To: <sip:%s@example.com>\r\n"
                        "Call-ID: %s\r\nCSeq: %u REGISTER\r\nMax-Forwards: 70\r\n"
                        "User-Agent: Test/1\r\n%sContent-Length: 0\r\n\r\n",
                        call_id, cseq, try, user, user, call_id, cseq, headers);
    enum sip_parse parsed = sip_msg_parse(slice_make(text, (size_t)size), &msg);
    /* The parser finds some bad contacts itself; the registrar must not depend on that. */
    if (parsed != SIP_OK && parsed != SIP_BAD_CONTACT) {
        fail_msg("the test's own REGISTER: %s\n%s", sip_parse_name(parsed), text);
    }
    world->was_repeat = registrar_is_repeat(world->registrar, slice_from_text(user), &msg);
    struct buf lines;
    buf_init(&lines, world->lines, sizeof(world->lines) - 1);
    enum reg_result result =
        registrar_register(world->registrar, slice_from_text(user), 7, &msg, &world->flow,
                           world->now, world->random, &lines, &world->answer);
    world->lines[lines.size] = '\0';
    return result;
}

static inline enum reg_result ask(struct world *world, const char *user, const char *call_id,
                                  unsigned cseq, const char *headers)
{
    return ask_try(world, user, call_id, cseq, 0, headers);
}

static inline int look_up(struct world *world, const char *user, struct reg_target out[10])
{
    int count = -1;
    struct tri answer =
        registrar_lookup(world->registrar, slice_from_text(user), world->now, out, 10, &count);
    assert_int_equal(answer.is, count > 0 ? TRI_PRESENT : TRI_ABSENT);
    return count;
}

/* A new life: everything the old one journalled is replayed into a new registrar, downtime_s later
 * by the wall clock, on a monotonic clock that started anew. */
static inline void restart(struct world *world, int64_t downtime_s)
{
    registrar_free(world->registrar);
    world->now = (struct reg_now){.mono_us = 3 * S, .wall_us = world->now.wall_us + downtime_s * S};
    struct log old = world->log;
    world->log = (struct log){.data = malloc(LOG_SIZE)};
    world->settings.hash_seed++;
    world->registrar = registrar_new(&world->settings, (struct journal){&world->log, log_append});
    for (size_t at = 0; at < old.size;) {
        uint32_t head[2];
        memcpy(head, old.data + at, sizeof(head));
        struct slice record = slice_make(old.data + at + sizeof(head), head[1]);
        assert_true(
            registrar_replay(world->registrar, (enum journal_kind)head[0], record, world->now));
        at += sizeof(head) + head[1];
    }
    free(old.data);
    registrar_set_loaded(world->registrar);
}

/* A file of tests has one at a time, new for each (cmocka's functions of a test). */
static struct world w;

static inline int fresh(void **state)
{
    (void)state;
    world_init(&w);
    return 0;
}

static inline int done(void **state)
{
    (void)state;
    world_done(&w);
    return 0;
}

#endif
