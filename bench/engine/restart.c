/* restart.c - a restart with many bindings: the log is read, checked and taken back. */
#include "engine/engine.h"

static struct registrar *make_registrar(uint32_t count, struct journal journal)
{
    struct registrar_settings settings = {.aor_count_max = count,
                                          .memory_max = UINT64_C(8) << 30,
                                          .contacts_max = 10,
                                          .expires_min_s = 60,
                                          .expires_max_s = 7200,
                                          .expires_default_s = 7200,
                                          .hash_seed = 5};
    struct registrar *registrar = registrar_new(&settings, journal);
    CHECK(registrar != NULL);
    return registrar;
}

struct restart {
    struct registrar *registrar;
    struct reg_now now;
};

static bool replay_one(void *ctx, const struct journal_entry *entry)
{
    struct restart *restart = ctx;
    return registrar_replay(restart->registrar, entry->kind, entry->record, restart->now);
}

static void bind_many(struct registrar *registrar, uint32_t count, struct reg_now now)
{
    static struct sip_msg msg;
    char text[1024];
    char lines_text[1024];
    char user[16];
    for (uint32_t i = 0; i < count; i++) {
        struct buf buf;
        struct buf lines;
        struct reg_answer answer;
        struct reg_flow flow = bench_flow_of((int)(i % 40000));
        snprintf(user, sizeof(user), "u%07u", i);
        buf_init(&buf, text, sizeof(text));
        buf_init(&lines, lines_text, sizeof(lines_text));
        buf_printf(&buf,
                   "REGISTER sip:" DOMAIN " SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:%d;rport;"
                   "branch=z9hG4bK%08x\r\nFrom: <sip:%s@" DOMAIN ">;tag=f\r\nTo: <sip:%s@" DOMAIN
                   ">\r\nCall-ID: r%s-0123456789abcdef\r\nCSeq: 1 REGISTER\r\n"
                   "Contact: <sip:%s@127.0.0.1:%d>\r\nExpires: 3600\r\nUser-Agent: bench-engine\r\n"
                   "Content-Length: 0\r\n\r\n",
                   flow.port, i, user, user, user, user, flow.port);
        CHECK(!buf.is_full && sip_msg_parse(buf_done(&buf), &msg) == SIP_OK);
        CHECK(registrar_nc_take(registrar, slice_from_text(user), i | 1, 1, false, now));
        CHECK(registrar_register(registrar, slice_from_text(user), 1, &msg, &flow, now, i, &lines,
                                 &answer) == REG_DONE);
    }
}

static double seconds_since(int64_t begun_ns)
{
    return (double)(bench_clock_ns() - begun_ns) / 1e9;
}

void bench_restart(const char *dir, uint32_t count)
{
    char error[JOURNAL_ERROR_SIZE];
    struct journal_file_options options = {.dir = dir, .ahead_count = 16};
    struct restart restart = {.now = {100 * SECOND_US, INT64_C(1800000000) * SECOND_US}};
    struct journal_file *file = journal_file_open(&options, error);
    CHECK(file != NULL);
    restart.registrar = make_registrar(count, journal_file_as_journal(file));
    bind_many(restart.registrar, count, restart.now);
    uint64_t bytes = registrar_count(restart.registrar).memory_size;
    registrar_free(restart.registrar);
    journal_file_close(file);

    int64_t begun_ns = bench_clock_ns();
    file = journal_file_open(&options, error);
    CHECK(file != NULL);
    double open_s = seconds_since(begun_ns);
    restart.registrar = make_registrar(count, journal_file_as_journal(file));
    begun_ns = bench_clock_ns();
    CHECK(journal_file_replay(file, replay_one, &restart, error));
    double replay_s = seconds_since(begun_ns);
    CHECK(registrar_count(restart.registrar).bindings == count);
    printf(
        "restart: %u bindings, %.0f bytes each; log opened and checked %.2f s, taken back %.2f s\n",
        count, (double)bytes / count, open_s, replay_s);
    registrar_free(restart.registrar);
    journal_file_close(file);
}
