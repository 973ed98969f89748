/* Random registrations against a model that is too simple to be wrong; and many threads at once. */
#include "base/rng.h"
#include "test_registrar_world.h"

#include <pthread.h>

#define USERS 20
#define URIS 5
#define SEEDS 60
#define STEPS 400

static struct world w;

struct model {                   /* per user */
    int64_t expires_at_us[URIS]; /* 0: not bound */
    unsigned cseq;
    bool is_present; /* as told by change and gone */
};

static struct model model[USERS];

static int live_count(const struct model *user)
{
    int count = 0;
    for (int i = 0; i < URIS; i++) {
        count += user->expires_at_us[i] > w.now.mono_us;
    }
    return count;
}

static void property_gone(void *ctx, struct slice user, uint64_t account_id)
{
    (void)ctx;
    (void)account_id;
    uint64_t at = 0;
    assert_true(slice_to_u64(slice_skip(user, 1), USERS - 1, &at));
    assert_true(model[at].is_present); /* gone is told once, and only of who came */
    assert_int_equal(live_count(&model[at]), 0);
    model[at].is_present = false;
}

static void step_register(struct rng *rng, int at)
{
    struct model *user = &model[at];
    char name[8];
    char headers[600] = "";
    snprintf(name, sizeof(name), "u%d", at);
    struct model next = *user;
    int contacts = 1 + (int)rng_below(rng, 3);
    for (int i = 0; i < contacts; i++) {
        int uri = (int)rng_below(rng, URIS);
        int64_t expires_s = rng_below(rng, 4) == 0 ? 0 : 60 + (int64_t)rng_below(rng, 3000);
        size_t size = strlen(headers);
        snprintf(headers + size, sizeof(headers) - size, "Contact: <sip:a@%d>;expires=%d\r\n", uri,
                 (int)expires_s);
        next.expires_at_us[uri] = expires_s == 0 ? 0 : w.now.mono_us + expires_s * S;
    }
    bool is_star = rng_below(rng, 20) == 0;
    if (is_star) {
        strcpy(headers, "Contact: *\r\nExpires: 0\r\n");
        memset(next.expires_at_us, 0, sizeof(next.expires_at_us));
    }
    next.cseq = user->cseq + 1;
    int before = live_count(user);
    enum reg_result result = ask(&w, name, "c", next.cseq, headers);
    if (live_count(&next) > 3 && live_count(&next) > before) {
        assert_int_equal(result, REG_TOO_MANY);
        user->cseq++;
        return;
    }
    assert_int_equal(result, REG_DONE);
    assert_int_equal(w.answer.contact_count, live_count(&next));
    next.is_present = user->is_present + w.answer.change;
    assert_int_equal(w.answer.change, (int)next.is_present - (int)user->is_present);
    assert_true(next.is_present || w.answer.contact_count == 0);
    *user = next;
    /* The network's copy finds the same bindings, whatever it was. */
    result = ask(&w, name, "c", user->cseq, headers);
    assert_true(result == REG_REPEATED || result == REG_DONE);
    assert_int_equal(w.answer.contact_count, live_count(user));
    assert_int_equal(w.answer.change, 0);
}

static void check(void)
{
    int bindings = 0;
    for (int at = 0; at < USERS; at++) {
        char name[8];
        struct reg_target targets[10];
        snprintf(name, sizeof(name), "u%d", at);
        int count = look_up(&w, name, targets);
        assert_int_equal(count, live_count(&model[at]));
        bindings += count;
        for (int i = 0; i < count; i++) {
            int uri = atoi(targets[i].uri + strlen("sip:a@"));
            assert_true(targets[i].expires_at_us == model[at].expires_at_us[uri]);
        }
    }
    assert_true(registrar_count(w.registrar).bindings >= (unsigned)bindings);
}

static void step_restart(struct rng *rng)
{
    int64_t downtime_s = (int64_t)rng_below(rng, 100);
    int64_t before_us = w.now.mono_us;
    restart(&w, downtime_s);
    uint64_t at = 0;
    while (registrar_snapshot(w.registrar, &at, 5)) {
    }
    for (int i = 0; i < USERS; i++) {
        for (int j = 0; j < URIS; j++) {
            int64_t *expires_at_us = &model[i].expires_at_us[j];
            if (*expires_at_us != 0) {
                *expires_at_us += w.now.mono_us - before_us - downtime_s * S;
            }
        }
        model[i].is_present = live_count(&model[i]) > 0; /* counted anew by registrar_each */
    }
}

static void random_registrations_agree_with_a_simple_model(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct rng rng;
        rng_init(&rng, seed);
        memset(model, 0, sizeof(model));
        world_init(&w);
        for (int i = 0; i < STEPS; i++) {
            switch (rng_below(&rng, 8)) {
            case 0:
                pass(&w, (int64_t)rng_below(&rng, 400));
                break;
            case 1:
                registrar_expire(w.registrar, w.now, (int)rng_below(&rng, 50), property_gone, NULL);
                break;
            case 2:
                if (rng_below(&rng, 20) == 0) {
                    step_restart(&rng);
                }
                break;
            default:
                step_register(&rng, (int)rng_below(&rng, USERS));
                break;
            }
            check();
        }
        pass(&w, 4000);
        registrar_expire(w.registrar, w.now, 1000, property_gone, NULL);
        for (int at = 0; at < USERS; at++) {
            assert_false(model[at].is_present);
        }
        struct reg_counts counts = registrar_count(w.registrar);
        assert_int_equal(counts.bindings, 0);
        assert_int_equal(counts.aors, 0);
        world_done(&w);
    }
}

#define THREADS 4
#define ROUNDS 3000

static struct registrar *shared;
static _Atomic int present;

static uint64_t append_nowhere(void *ctx, enum journal_kind kind, struct slice record)
{
    (void)ctx;
    (void)kind;
    (void)record;
    return 0;
}

static void thread_gone(void *ctx, struct slice user, uint64_t account_id)
{
    (void)ctx;
    (void)user;
    (void)account_id;
    present--;
}

static void thread_step(struct rng *rng, unsigned cseq, struct reg_now now)
{
    char user[8];
    char text[700];
    snprintf(user, sizeof(user), "u%u", (unsigned)rng_below(rng, 50));
    struct slice name = slice_from_text(user);
    int size = snprintf(text, sizeof(text),
                        "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK%u\r\n"
                        "From: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: %p\r\n"
                        "CSeq: %u REGISTER\r\nContact: <sip:a@h%u>;expires=%u\r\n\r\n",
                        cseq, (void *)rng, cseq, (unsigned)rng_below(rng, 3),
                        (unsigned)rng_below(rng, 3) * 60);
    struct sip_msg msg;
    assert_int_equal(sip_msg_parse(slice_make(text, (size_t)size), &msg), SIP_OK);
    struct reg_flow flow = {.transport = REG_TCP, .connection = 1 + rng_below(rng, 9)};
    char space[4000];
    struct buf lines;
    buf_init(&lines, space, sizeof(space));
    struct reg_answer answer;
    struct reg_target targets[10];
    int count = 0;
    (void)registrar_register(shared, name, 1, &msg, &flow, now, 0, &lines, &answer);
    present += answer.change;
    (void)registrar_lookup(shared, name, now, targets, 10, &count);
    (void)registrar_nc_take(shared, name, (uint32_t)rng_below(rng, 20), cseq, true, now);
    registrar_flow_lost(shared, 1 + rng_below(rng, 9));
}

static void *thread_main(void *arg)
{
    struct rng rng;
    rng_init(&rng, (uint64_t)(uintptr_t)arg);
    for (unsigned i = 1; i <= ROUNDS; i++) {
        struct reg_now now = {.mono_us = i * S / 10, .wall_us = i * S / 10 + 1000 * S};
        thread_step(&rng, i, now);
        if (i % 50 == 0) {
            uint64_t at = 0;
            registrar_expire(shared, now, 20, thread_gone, NULL);
            (void)registrar_snapshot(shared, &at, 10);
        }
    }
    return NULL;
}

static void workers_share_it_and_agree_on_who_is_there(void **state)
{
    (void)state;
    const struct registrar_settings settings = {.aor_count_max = 100,
                                                .memory_max = 1 << 20,
                                                .contacts_max = 3,
                                                .expires_min_s = 60,
                                                .expires_max_s = 3600,
                                                .expires_default_s = 60};
    shared = registrar_new(&settings, (struct journal){NULL, append_nowhere});
    registrar_set_loaded(shared);
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, thread_main, (void *)(i + 1)), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    struct reg_counts counts = registrar_count(shared);
    assert_int_equal(present, counts.aors);
    struct reg_now later = {.mono_us = 100000 * S, .wall_us = 200000 * S};
    registrar_expire(shared, later, 1000, thread_gone, NULL);
    assert_int_equal(present, 0);
    assert_int_equal(registrar_count(shared).bindings, 0);
    registrar_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_registrations_agree_with_a_simple_model),
        cmocka_unit_test(workers_share_it_and_agree_on_who_is_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
